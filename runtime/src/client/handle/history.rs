//! The history of a run, fetched.

use std::{collections::VecDeque, num::NonZeroU16, time::Duration};

use futures::future::join_all;

use super::target::FromClient;
use crate::{
    client::{
        Client,
        call::{Call, within},
        pages::{List, ListedEvents, PageRequest},
    },
    data::search::Filter,
    error::{HandleError, RpcError},
    interceptor::{HistoryRequest, ListRequest, Listed},
    transport::retry::Patience,
    wire::{
        history::{EventsKind, GetHistory, GetHistoryReverse, History, HistoryEvent, RawHistory},
        list::ListWorkflows,
        page::Page,
        payload_fields::Subject,
    },
};

pub(crate) fn call(target: &FromClient) -> Call<History, HandleError> {
    let target = target.clone();
    Call::new(|timeout| async move {
        let what = || format!("history of workflow `{}`", target.workflow_id());
        let to = target.clone();
        let send = move |request: HistoryRequest| async move {
            let to = to.at_run(&request);
            fetch(&to, request.run_id.as_deref().unwrap_or_default(), timeout).await
        };
        let interceptors = target.client().interceptors();
        let fetched = interceptors.around(request_of(&target), send);
        within(timeout, what, fetched).await
    })
}

fn request_of(target: &FromClient) -> HistoryRequest {
    HistoryRequest {
        workflow_id: target.workflow_id().to_owned(),
        run_id: target.run_id().map(str::to_owned),
    }
}

/// Fetches all pages of a run's history, within `timeout`; without one, each page has its own limit.
///
/// With codecs they are fetched encoded and decoded here, page by page, because files are written of what the server
/// has.
pub(crate) async fn fetch(
    target: &FromClient,
    run: &str,
    timeout: Option<Duration>,
) -> Result<History, HandleError> {
    let keeps_stored = History::KEEPS_STORED && target.caller().has_codecs();
    let caller = match keeps_stored {
        true => &target.caller().without_codecs(),
        false => target.caller(),
    };
    let whole = timeout.map(|_| Patience::at_once(timeout));
    let mut events = Vec::new();
    let mut stored = Vec::new();
    let mut page_token = Vec::new();
    loop {
        let request = GetHistory {
            execution: target.execution_of_run(run),
            page_size: None,
            page_token,
            kind: EventsKind::All,
            waits: false,
        };
        let patience = whole.unwrap_or_else(|| Patience::at_once(None));
        let page = match caller.call(request, patience).await {
            Ok(page) => page,
            Err(error) => return Err(target.refused(error)),
        };
        let mut decoded = RawHistory {
            events: page.events,
        };
        if keeps_stored {
            stored.extend(decoded.events.clone());
            let about = Subject::workflow(target.workflow_id());
            if let Err(error) = target.caller().decode(&mut decoded, about).await {
                return Err(target.refused(error));
            }
        }
        events.extend(decoded.events);
        if page.next_page_token.is_empty() {
            break;
        }
        page_token = page.next_page_token;
    }
    let id = target.workflow_id().to_owned();
    let history = History::new(id, run.to_owned(), events);
    Ok(match keeps_stored {
        true => history.with_stored(stored),
        false => history,
    })
}

/// The events of a run, read page by page.
pub(crate) fn events(target: &FromClient) -> List<HistoryEvent, HandleError> {
    let target = target.clone();
    let all = Filter::from("");
    List::new("events", all, move |page: PageRequest, patience| {
        let target = target.clone();
        let (listed, waits) = (page.events, page.waits);
        async move {
            let to = target.clone();
            let send = move |request: HistoryRequest| async move {
                let to = to.at_run(&request);
                let execution = to.execution_of_run(request.run_id.as_deref().unwrap_or_default());
                let (page_size, page_token) = (page.size, page.page_token);
                let page = match listed {
                    ListedEvents::NewestFirst => {
                        let request = GetHistoryReverse {
                            execution,
                            page_size,
                            page_token,
                        };
                        to.caller().call(request, patience).await
                    }
                    ListedEvents::OldestFirst(kind) => {
                        let request = GetHistory {
                            execution,
                            page_size,
                            page_token,
                            kind,
                            waits,
                        };
                        to.caller().call(request, patience).await
                    }
                };
                page.map_err(|error| to.refused::<HandleError>(error))
            };
            let interceptors = target.client().interceptors();
            let mut page = interceptors.around(request_of(&target), send).await?;
            match listed {
                // Servers append the events of a task that is not recorded yet. A list that waits has them again
                // when they are recorded.
                ListedEvents::OldestFirst(EventsKind::All) if waits => {
                    page.events.retain(|event| event.task_id != 0);
                }
                ListedEvents::OldestFirst(EventsKind::All) | ListedEvents::NewestFirst => {}
                // Servers that send bytes send the events that were recorded with it, too.
                ListedEvents::OldestFirst(EventsKind::Closing) => {
                    page.events.drain(..page.events.len().saturating_sub(1));
                }
            }
            Ok(Page {
                items: page.events.into_iter().map(HistoryEvent::new).collect(),
                next_page_token: page.next_page_token,
            })
        }
    })
}

/// The histories of the workflows that match, a few at a time.
pub(crate) fn list(client: &Client, filter: Filter) -> List<History, HandleError> {
    let client = client.clone();
    List::new("histories", filter, move |page: PageRequest, patience| {
        let client = client.clone();
        async move {
            let list = ListRequest {
                listed: Listed::Workflows,
                filter: page.filter,
            };
            let sender = client.clone();
            let send = move |list: ListRequest| async move {
                let request = ListWorkflows {
                    filter: list.filter,
                    page_size: Some(page.size.map_or(AT_ONCE, |wanted| wanted.min(AT_ONCE))),
                    page_token: page.page_token,
                };
                let page = sender.caller().call(request, patience).await;
                page.map_err(RpcError::from)
            };
            let page = client.interceptors().around(list, send).await?;
            let fetches = page.items.into_iter().map(|workflow| {
                let target = FromClient::attached(&client, workflow.workflow_id, None);
                async move { fetch(&target, &workflow.run_id, None).await }
            });
            let mut items = VecDeque::new();
            for fetched in join_all(fetches).await {
                match fetched {
                    Ok(history) => items.push_back(history),
                    // Its retention has ended; lists follow later.
                    Err(HandleError::NotFound(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(Page {
                items,
                next_page_token: page.next_page_token,
            })
        }
    })
}

/// How many histories are fetched side by side and kept until they are taken: one may have 50 MB, and twice as many
/// with codecs.
const AT_ONCE: NonZeroU16 = NonZeroU16::new(8).expect("it is not zero");

//! The history of a run, fetched.

use std::time::Duration;

use super::target::FromClient;
use crate::{
    client::{
        call::{Call, within},
        pages::{List, PageRequest},
    },
    data::search::Filter,
    error::HandleError,
    transport::retry::Patience,
    wire::{
        history::{EventsKind, GetHistory, History, HistoryEvent},
        page::Page,
    },
};

pub(crate) fn call(target: &FromClient) -> Call<History, HandleError> {
    let target = target.clone();
    Call::new(|timeout| async move {
        let what = || format!("history of workflow `{}`", target.workflow_id());
        within(
            timeout,
            what,
            fetch(&target, target.run_id().unwrap_or_default(), timeout),
        )
        .await
    })
}

/// Fetches all pages of a run's history, within `timeout`; without one, each page has its own limit.
pub(crate) async fn fetch(
    target: &FromClient,
    run: &str,
    timeout: Option<Duration>,
) -> Result<History, HandleError> {
    let whole = timeout.map(|_| Patience::at_once(timeout));
    let mut events = Vec::new();
    let mut page_token = Vec::new();
    loop {
        let request = GetHistory {
            execution: target.execution_of_run(run),
            page_token,
            kind: EventsKind::All,
            waits: false,
        };
        let patience = whole.unwrap_or_else(|| Patience::at_once(None));
        let page = match target.caller().call(request, patience).await {
            Ok(page) => page,
            Err(error) => return Err(target.refused(error)),
        };
        events.extend(page.events);
        if page.next_page_token.is_empty() {
            break;
        }
        page_token = page.next_page_token;
    }
    let id = target.workflow_id().to_owned();
    Ok(History::new(id, run.to_owned(), events))
}

/// The events of a run, read page by page.
pub(crate) fn events(target: &FromClient) -> List<HistoryEvent, HandleError> {
    let target = target.clone();
    let all = Filter::from("");
    List::new("events", all, move |page: PageRequest, patience| {
        let target = target.clone();
        let request = GetHistory {
            execution: target.execution_of_run(target.run_id().unwrap_or_default()),
            page_token: page.page_token,
            kind: page.kind,
            waits: page.waits,
        };
        async move {
            let page = target.caller().call(request, patience).await;
            let page = page.map_err(|error| target.refused::<HandleError>(error))?;
            Ok(Page {
                items: page.events.into_iter().map(HistoryEvent::new).collect(),
                next_page_token: page.next_page_token,
            })
        }
    })
}

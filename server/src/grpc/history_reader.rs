//! History reads: pages of events, from either end, and long polls for new ones.

use std::sync::Arc;

use durably_history::{EventLog, RunId};
use durably_proto::Message;
use durably_proto::api::enums::v1::HistoryEventFilterType;
use durably_proto::api::history::v1::{History, HistoryEvent};
use durably_proto::api::workflowservice::v1::{
    GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse,
    GetWorkflowExecutionHistoryReverseRequest, GetWorkflowExecutionHistoryReverseResponse,
};
use tokio::time::{Instant, timeout_at};
use tonic::metadata::MetadataMap;

use super::check;
use super::close_event::NextRun;
use super::token::HistoryToken;
use crate::backend::request::RequestScope;
use crate::backend::resolve_run;
use crate::clock::Timekeeper;
use crate::error::Error;
use crate::execution::{Execution, Record};
use crate::namespace::Namespace;
use crate::visibility::removed;

/// `GetWorkflowExecutionHistory`.
pub(super) async fn get(
    scope: &RequestScope<'_>,
    request: GetWorkflowExecutionHistoryRequest,
    reader: Reader,
    skips: Option<&Timekeeper>,
    deadline: Instant,
) -> Result<GetWorkflowExecutionHistoryResponse, Error> {
    let filter = match request.history_event_filter_type {
        filter if filter == HistoryEventFilterType::CloseEvent as i32 => {
            EventFilter::CloseEvent(reader.next_run)
        }
        _ => EventFilter::AllEvents(reader.unrecorded),
    };
    let only_close = matches!(filter, EventFilter::CloseEvent(_));
    let (execution, mut token) = open(
        scope,
        &request.namespace,
        check::execution(request.execution)?,
        &request.next_page_token,
    )?;
    let run_id = RunId::from(token.run_id.as_str());
    let limit = page_limit(request.maximum_page_size);
    // A request for the close event lets the clock skip; one that follows the history event by
    // event only watches.
    let skips = skips.filter(|_| only_close);
    let mut _wait;
    loop {
        // Registered before the check, so that no notification in between is missed.
        let notified = match only_close {
            true => execution.closed.notified(),
            false => execution.changed.notified(),
        };
        {
            let mut runs = execution.lock();
            let record = runs.get(&run_id)?.ok_or_else(|| run_is_gone(&run_id))?;
            let page = page(record, &token, limit, filter, request.wait_new_event);
            if let Some((mut events, next)) = page {
                removed::hide_in_events(&execution.namespace.attributes(), &mut events);
                return Ok(response((events, next)));
            }
            // Again each time, because the record may be another one than before.
            _wait = skips.map(|clock| record.waiters.begin_close_wait(clock));
        }
        if timeout_at(deadline, notified).await.is_err() {
            // The client repeats the request with the same token.
            token.end = None;
            return Ok(response((Vec::new(), Some(token))));
        }
    }
}

/// `GetWorkflowExecutionHistoryReverse`: the last events first.
pub(super) fn get_reverse(
    scope: &RequestScope<'_>,
    request: GetWorkflowExecutionHistoryReverseRequest,
) -> Result<GetWorkflowExecutionHistoryReverseResponse, Error> {
    let (execution, token) = open(
        scope,
        &request.namespace,
        check::execution(request.execution)?,
        &request.next_page_token,
    )?;
    let run_id = RunId::from(token.run_id.as_str());
    let limit = page_limit(request.maximum_page_size);
    let mut runs = execution.lock();
    let record = runs.get(&run_id)?.ok_or_else(|| run_is_gone(&run_id))?;
    let events = record.run.events();
    // Events recorded since the first page are left out, so that pages do not overlap.
    let all = token
        .end
        .map_or(events.len(), |end| events.len().min(usize_of(end)));
    let end = all.saturating_sub(usize_of(token.seen));
    let places = (0..end).rev();
    let count = page_len(events, places.clone(), limit);
    let start = end - count;
    let next = (start > 0).then(|| HistoryToken {
        seen: (all - start) as u64,
        end: Some(all as u64),
        ..token
    });
    let places = places.take(count);
    let mut events: Vec<_> = places.filter_map(|place| events.get(place)).collect();
    removed::hide_in_events(&execution.namespace.attributes(), &mut events);
    Ok(GetWorkflowExecutionHistoryReverseResponse {
        history: Some(History { events }),
        next_page_token: next.map(|token| token.encode_to_vec()).unwrap_or_default(),
    })
}

/// The first page of a workflow task's history, and the token of the rest.
pub(super) fn first_page(
    namespace: &Namespace,
    events: &EventLog,
    end: usize,
    run_id: &RunId,
    from: usize,
    transient: Vec<HistoryEvent>,
) -> (Vec<HistoryEvent>, Vec<u8>) {
    let token = HistoryToken {
        run_id: run_id.to_string(),
        seen: from as u64,
        end: Some(end as u64),
        transient,
    };
    let (mut events, next) = cut_page(events, &token, TASK_PAGE);
    removed::hide_in_events(&namespace.attributes(), &mut events);
    (
        events,
        next.map(|token| token.encode_to_vec()).unwrap_or_default(),
    )
}

/// Options of a history read, from the request's metadata.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader {
    unrecorded: Unrecorded,
    next_run: NextRun,
}

impl Reader {
    pub(super) fn of(metadata: &MetadataMap) -> Self {
        Self {
            unrecorded: Unrecorded::of(metadata),
            next_run: NextRun::of(metadata),
        }
    }
}

/// Whether a history ends with the scheduled and started events of a workflow task that is not
/// recorded yet: a transient or a speculative one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unrecorded {
    Shown,
    Hidden,
}

impl Unrecorded {
    /// Temporal's CLI and UI expect recorded events only.
    fn of(metadata: &MetadataMap) -> Self {
        let client = metadata
            .get("client-name")
            .and_then(|name| name.to_str().ok());
        match client {
            Some("temporal-cli" | "temporal-ui") => Self::Hidden,
            _ => Self::Shown,
        }
    }
}

/// The events that a client requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EventFilter {
    AllEvents(Unrecorded),
    CloseEvent(NextRun),
}

type Page = (Vec<HistoryEvent>, Option<HistoryToken>);

/// The next page for a client; `None` if the client must wait.
fn page(
    record: &Record,
    token: &HistoryToken,
    limit: usize,
    filter: EventFilter,
    wait: bool,
) -> Option<Page> {
    let events = record.run.events();
    let running = record.run.is_running();
    let unrecorded = match filter {
        EventFilter::AllEvents(unrecorded) => unrecorded,
        EventFilter::CloseEvent(_) if running && wait => return None,
        EventFilter::CloseEvent(next_run) => {
            let close = events.last().filter(|_| !running);
            let close = close.map(|event| next_run.close_event(event));
            return Some((close.into_iter().collect(), None));
        }
    };
    let is_bounded = token.end.is_some();
    if wait && running && !is_bounded && usize_of(token.seen) >= events.len() {
        return None;
    }
    let (mut page, next) = cut_page(events, token, limit);
    if next.is_none() && !is_bounded && unrecorded == Unrecorded::Shown {
        page.extend(record.run.unrecorded_events());
    }
    let next = match next {
        None if wait && running && !is_bounded => Some(HistoryToken {
            seen: events.len() as u64,
            ..token.clone()
        }),
        next => next,
    };
    Some((page, next))
}

/// Cuts a page of at most `limit` events and about [`PAGE_BYTES`].
fn cut_page(events: &EventLog, token: &HistoryToken, limit: usize) -> Page {
    let end = token
        .end
        .map_or(events.len(), |end| events.len().min(usize_of(end)));
    let start = usize_of(token.seen).min(end);
    let count = page_len(events, start..end, limit);
    let is_last = start + count == end;
    let mut page: Vec<HistoryEvent> = Vec::with_capacity(count + token.transient.len());
    page.extend(events.events(start..start + count));
    if !is_last {
        let next = HistoryToken {
            seen: (start + count) as u64,
            ..token.clone()
        };
        return (page, Some(next));
    }
    page.extend_from_slice(&token.transient);
    (page, None)
}

/// How many of the events at these places a page has: at most `limit` and about [`PAGE_BYTES`], but at least one.
fn page_len(events: &EventLog, places: impl Iterator<Item = usize>, limit: usize) -> usize {
    let mut bytes = 0;
    let fitting = places.take(limit).take_while(|place| {
        let is_first = bytes == 0;
        bytes += events.encoded_len(*place);
        is_first || bytes <= PAGE_BYTES
    });
    fitting.count()
}

fn open(
    scope: &RequestScope<'_>,
    namespace: &str,
    named: durably_proto::api::common::v1::WorkflowExecution,
    token: &[u8],
) -> Result<(Arc<Execution>, HistoryToken), Error> {
    let namespace = scope.namespaces.find(namespace)?;
    let execution = scope.execution(&namespace, &named.workflow_id)?;
    let token = match token.is_empty() {
        false => {
            let token = HistoryToken::from_bytes(token)?;
            if !named.run_id.is_empty() && named.run_id != token.run_id {
                return Err(Error::Invalid(
                    "RunId in the request does not match the NextPageToken.".to_owned(),
                ));
            }
            token
        }
        true => HistoryToken {
            run_id: resolve_run(&execution, &mut execution.lock(), &named.run_id)?.to_string(),
            ..HistoryToken::default()
        },
    };
    Ok((execution, token))
}

fn response((events, next): Page) -> GetWorkflowExecutionHistoryResponse {
    GetWorkflowExecutionHistoryResponse {
        history: Some(History { events }),
        next_page_token: next.map(|token| token.encode_to_vec()).unwrap_or_default(),
        ..GetWorkflowExecutionHistoryResponse::default()
    }
}

fn run_is_gone(run_id: &RunId) -> Error {
    Error::NotFound(format!(
        "workflow execution not found for run ID \"{run_id}\""
    ))
}

fn page_limit(requested: i32) -> usize {
    match usize::try_from(requested) {
        Ok(size) if size > 0 => size.min(LARGEST_PAGE),
        _ => LARGEST_PAGE,
    }
}

fn usize_of(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Maximum number of events in a page; the real server's value.
const LARGEST_PAGE: usize = 1000;
/// Maximum number of events in a workflow task; the worker requests the rest.
const TASK_PAGE: usize = 1000;
/// Maximum bytes of events in a page, well below gRPC's usual limit of 4 MiB.
const PAGE_BYTES: usize = 2 * 1024 * 1024;

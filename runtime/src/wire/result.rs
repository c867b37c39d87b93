//! The end of a run, awaited by a client.

use durably_engine::{FailureRecord, Payload, RetryState};
use durably_proto::api::{
    enums::v1::HistoryEventFilterType,
    history::v1::{HistoryEvent, history_event::Attributes},
    workflowservice::v1 as pb,
};

use super::{
    WireError, failure, history, payload,
    payload_fields::Subject,
    request::{Execution, Request, Sender},
};

/// Waits for the event that ends a run.
#[derive(Debug)]
pub(crate) struct AwaitClose {
    pub(crate) execution: Execution,
    /// Where the last response left off; empty at first.
    pub(crate) page_token: Vec<u8>,
}

#[derive(Debug)]
pub(crate) enum CloseResponse {
    /// The server gave up waiting; the token resumes the wait.
    StillRunning {
        page_token: Vec<u8>,
    },
    Closed(RunEnd),
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum RunEnd {
    /// Another run took over.
    Continued {
        run_id: String,
    },
    Completed(Vec<Payload>),
    Failed {
        cause: Box<FailureRecord>,
        retry_state: RetryState,
    },
    TimedOut {
        retry_state: RetryState,
    },
    Cancelled {
        details: Vec<Payload>,
    },
    Terminated {
        reason: String,
        details: Vec<Payload>,
    },
    /// In a way that this version does not know.
    Unknown {
        event_type: i32,
    },
}

impl Request for AwaitClose {
    type Message = pb::GetWorkflowExecutionHistoryRequest;
    type Reply = pb::GetWorkflowExecutionHistoryResponse;
    type Response = CloseResponse;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::GetWorkflowExecutionHistoryRequest {
            namespace: sender.namespace(),
            execution: Some(self.execution.into_proto()),
            next_page_token: self.page_token,
            wait_new_event: true,
            history_event_filter_type: HistoryEventFilterType::CloseEvent.into(),
            skip_archival: true,
            ..Default::default()
        }
    }

    fn about(message: &Self::Message) -> Subject {
        Execution::about(message.execution.as_ref())
    }

    fn read(reply: Self::Reply) -> Result<CloseResponse, WireError> {
        let page_token = reply.next_page_token.clone();
        // As bytes it comes with the events that were recorded with it.
        match history::events(reply)?.pop() {
            Some(event) => Ok(CloseResponse::Closed(run_end(event)?)),
            // The wait would begin again at once, and for ever.
            None if page_token.is_empty() => Err(WireError::missing(
                "response to the wait for the end of a run",
                "next_page_token",
            )),
            None => Ok(CloseResponse::StillRunning { page_token }),
        }
    }
}

fn run_end(event: HistoryEvent) -> Result<RunEnd, WireError> {
    let event_type = event.event_type;
    let Some(attributes) = event.attributes else {
        return Ok(RunEnd::Unknown { event_type });
    };
    Ok(match attributes {
        Attributes::WorkflowExecutionCompletedEventAttributes(it) => {
            continued_or(it.new_execution_run_id, || {
                RunEnd::Completed(payload::list_from_proto(it.result))
            })
        }
        Attributes::WorkflowExecutionFailedEventAttributes(it) => {
            continued_or(it.new_execution_run_id, || RunEnd::Failed {
                cause: Box::new(it.failure.map(failure::from_proto).unwrap_or_default()),
                retry_state: failure::retry_state(it.retry_state),
            })
        }
        Attributes::WorkflowExecutionTimedOutEventAttributes(it) => {
            continued_or(it.new_execution_run_id, || RunEnd::TimedOut {
                retry_state: failure::retry_state(it.retry_state),
            })
        }
        Attributes::WorkflowExecutionContinuedAsNewEventAttributes(it) => {
            if it.new_execution_run_id.is_empty() {
                // Waiting for the run without an id would find this one for ever.
                let place = format!("event {}", event.event_id);
                return Err(WireError::missing(place, "new_execution_run_id"));
            }
            RunEnd::Continued {
                run_id: it.new_execution_run_id,
            }
        }
        Attributes::WorkflowExecutionCanceledEventAttributes(it) => RunEnd::Cancelled {
            details: payload::list_from_proto(it.details),
        },
        Attributes::WorkflowExecutionTerminatedEventAttributes(it) => RunEnd::Terminated {
            reason: it.reason,
            details: payload::list_from_proto(it.details),
        },
        // A newer server may end runs in other ways.
        _ => RunEnd::Unknown { event_type },
    })
}

fn continued_or(run_id: String, end: impl FnOnce() -> RunEnd) -> RunEnd {
    if run_id.is_empty() {
        end()
    } else {
        RunEnd::Continued { run_id }
    }
}

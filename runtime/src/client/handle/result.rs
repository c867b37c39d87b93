//! The result of a workflow, wherever its chain of runs ends.

use std::borrow::Cow;

use durably_engine::Payload;
use durably_proto::api::{
    enums::v1::HistoryEventFilterType,
    history::v1::{HistoryEvent, history_event::Attributes},
    workflowservice::v1::GetWorkflowExecutionHistoryRequest,
};

use super::{
    progress_warning,
    target::{FromClient, WAITING},
};
use crate::{
    __private::PayloadOf,
    client::call::{Call, within},
    data::Callee,
    error::{
        Failure, ResultError, WorkflowCancelled, WorkflowFailed, WorkflowTerminated,
        WorkflowTimedOut,
    },
    wire::{failure, payload},
};

pub(crate) fn call<T: 'static>(
    target: &FromClient,
    workflow: Cow<'static, str>,
    output: PayloadOf<T>,
) -> Call<T, ResultError> {
    let target = target.clone();
    Call::new(|timeout| async move {
        let what = || format!("result of workflow `{}`", target.workflow_id());
        within(timeout, what, of(&target, workflow, output)).await
    })
}

/// Waits for the end of the chain of runs: past continue-as-new, retries and cron.
async fn of<T>(
    target: &FromClient,
    workflow: Cow<'static, str>,
    output: PayloadOf<T>,
) -> Result<T, ResultError> {
    let mut run = target.run_id().unwrap_or_default().to_owned();
    loop {
        let event = close_event(target, &run).await?;
        match Ending::read(target.workflow_id(), run, event) {
            Ending::Next(next) => run = next,
            Ending::Completed(result) => {
                return Ok(output.given(&Callee::Workflow(workflow), result)?);
            }
            Ending::Failed(error) => return Err(error),
        }
    }
}

/// The event that ends a run, waited for as long as it takes.
async fn close_event(target: &FromClient, run: &str) -> Result<HistoryEvent, ResultError> {
    let mut request = GetWorkflowExecutionHistoryRequest {
        namespace: target.namespace(),
        execution: target.execution_of_run(run.to_owned()),
        wait_new_event: true,
        history_event_filter_type: HistoryEventFilterType::CloseEvent.into(),
        skip_archival: true,
        ..Default::default()
    };
    let mut told = false;
    loop {
        let answer = target
            .rpc()
            .get_workflow_execution_history(request.clone(), WAITING);
        let answer = answer
            .await
            .map_err(|status| target.refused::<ResultError>(status))?;
        // Without an event the server gave up waiting; the token says where to go on.
        match answer
            .history
            .and_then(|history| history.events.into_iter().last())
        {
            Some(event) => return Ok(event),
            None => request.next_page_token = answer.next_page_token,
        }
        if !std::mem::replace(&mut told, true) {
            progress_warning::tell(target, run).await;
        }
    }
}

/// How a run ended.
enum Ending {
    /// Another run took over.
    Next(String),
    Completed(Vec<Payload>),
    Failed(ResultError),
}

impl Ending {
    fn read(workflow_id: &str, run_id: String, event: HistoryEvent) -> Self {
        let workflow_id = workflow_id.to_owned();
        let Some(attributes) = event.attributes else {
            return Self::unknown(event.event_type);
        };
        match attributes {
            Attributes::WorkflowExecutionCompletedEventAttributes(it) => {
                Self::next_or(it.new_execution_run_id, || {
                    Self::Completed(payload::list_from_proto(it.result))
                })
            }
            Attributes::WorkflowExecutionFailedEventAttributes(it) => {
                Self::next_or(it.new_execution_run_id, || {
                    let record = it.failure.map(failure::from_proto).unwrap_or_default();
                    let error = WorkflowFailed {
                        workflow_id,
                        run_id,
                        cause: Failure::from_record(record),
                        retry_state: failure::retry_state(it.retry_state),
                    };
                    Self::Failed(error.into())
                })
            }
            Attributes::WorkflowExecutionTimedOutEventAttributes(it) => {
                Self::next_or(it.new_execution_run_id, || {
                    let error = WorkflowTimedOut {
                        workflow_id,
                        run_id,
                        retry_state: failure::retry_state(it.retry_state),
                    };
                    Self::Failed(error.into())
                })
            }
            Attributes::WorkflowExecutionContinuedAsNewEventAttributes(it) => {
                Self::Next(it.new_execution_run_id)
            }
            Attributes::WorkflowExecutionCanceledEventAttributes(it) => {
                let error = WorkflowCancelled {
                    workflow_id,
                    run_id,
                    details: payload::list_from_proto(it.details),
                };
                Self::Failed(error.into())
            }
            Attributes::WorkflowExecutionTerminatedEventAttributes(it) => {
                let error = WorkflowTerminated {
                    workflow_id,
                    run_id,
                    reason: it.reason,
                };
                Self::Failed(error.into())
            }
            _ => Self::unknown(event.event_type),
        }
    }

    fn next_or(next: String, end: impl FnOnce() -> Self) -> Self {
        if next.is_empty() {
            end()
        } else {
            Self::Next(next)
        }
    }

    /// A newer server may end runs in ways that this version does not know.
    fn unknown(event_type: i32) -> Self {
        Self::Failed(ResultError::Rpc(crate::error::RpcError::Other {
            code: "unknown ending".to_owned(),
            message: format!("the run ended with an event of type {event_type}"),
        }))
    }
}

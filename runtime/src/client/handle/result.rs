//! The result of a workflow, wherever its chain of runs ends.

use std::borrow::Cow;

use super::{progress_warning, target::FromClient};
use crate::{
    client::call::{Call, within},
    data::Callee,
    definition::private::PayloadOf,
    error::{
        Details, Failure, ResultError, RpcError, WorkflowCancelled, WorkflowFailed,
        WorkflowTerminated, WorkflowTimedOut,
    },
    transport::retry::Patience,
    wire::result::{AwaitClose, CloseResponse, RunEnd},
};

pub(crate) fn call<T: 'static>(
    target: &FromClient,
    workflow: Cow<'static, str>,
    output: PayloadOf<T>,
) -> Call<T, ResultError> {
    let target = target.clone();
    Call::new(move |timeout| async move {
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
    let converter = target.client().converter();
    let mut run_id = target.run_id().unwrap_or_default().to_owned();
    loop {
        let workflow_id = target.workflow_id().to_owned();
        return Err(match run_end(target, &run_id).await? {
            RunEnd::Continued { run_id: next } => {
                run_id = next;
                continue;
            }
            RunEnd::Completed(result) => {
                let workflow = Callee::Workflow(workflow);
                return Ok(output.given(&workflow, result, converter)?);
            }
            RunEnd::Failed { cause, retry_state } => WorkflowFailed {
                workflow_id,
                run_id,
                cause: Failure::from_record(*cause, converter),
                retry_state,
            }
            .into(),
            RunEnd::TimedOut { retry_state } => WorkflowTimedOut {
                workflow_id,
                run_id,
                retry_state,
            }
            .into(),
            RunEnd::Cancelled { details } => WorkflowCancelled {
                workflow_id,
                run_id,
                details: Details::received(details, converter),
            }
            .into(),
            RunEnd::Terminated { reason } => WorkflowTerminated {
                workflow_id,
                run_id,
                reason,
            }
            .into(),
            RunEnd::Unknown { event_type } => RpcError::Other {
                code: "unknown ending".to_owned(),
                message: format!("the run ended with an event of type {event_type}"),
            }
            .into(),
        });
    }
}

/// Waits for the end of one run, as long as it takes.
async fn run_end(target: &FromClient, run_id: &str) -> Result<RunEnd, ResultError> {
    let mut page_token = Vec::new();
    let mut warned = false;
    loop {
        let request = AwaitClose {
            execution: target.execution_of_run(run_id),
            page_token,
        };
        let response = target.caller().call(request, Patience::until_answered());
        match response.await {
            Ok(CloseResponse::Closed(end)) => return Ok(end),
            Ok(CloseResponse::StillRunning { page_token: next }) => page_token = next,
            Err(error) => return Err(target.refused(error)),
        }
        if !std::mem::replace(&mut warned, true) {
            progress_warning::log(target, run_id).await;
        }
    }
}

//! The result of a workflow, wherever its chain of runs ends.

use std::{borrow::Cow, pin::pin, time::Duration};

use durably_engine::Payload;
use futures::future::{Either, select};

use super::{
    description::describe, progress_warning, target::FromClient, task_failure::last_failure,
};
use crate::{
    client::call::{Call, within},
    data::{Callee, Output},
    definition::private::PayloadOf,
    error::{
        Details, Failure, ResultError, RpcError, WorkflowCancelled, WorkflowFailed, WorkflowStuck,
        WorkflowTerminated, WorkflowTimedOut,
    },
    interceptor::ResultRequest,
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
    let interceptors = target.client().interceptors();
    let result = match interceptors.is_empty() {
        true => completed(target).await?,
        false => {
            let request = ResultRequest {
                workflow_id: target.workflow_id().to_owned(),
                run_id: target.run_id().map(str::to_owned),
            };
            let to = target.clone();
            let send = move |request: ResultRequest| async move {
                let (id, run) = (request.workflow_id, request.run_id);
                let to = match id == to.workflow_id() && run.as_deref() == to.run_id() {
                    true => to,
                    false => FromClient::attached(to.client(), id, run),
                };
                let result = completed(&to).await?;
                Ok::<_, ResultError>(Output::new(result, to.client().converter()))
            };
            interceptors.call(request, send).await?.into_payloads()
        }
    };
    let workflow = Callee::Workflow(workflow);
    Ok(output.given(&workflow, result, target.client().converter())?)
}

/// Waits until the chain of runs has completed, and returns its result.
async fn completed(target: &FromClient) -> Result<Vec<Payload>, ResultError> {
    let converter = target.client().converter();
    let mut run_id = target.run_id().unwrap_or_default().to_owned();
    loop {
        let workflow_id = target.workflow_id().to_owned();
        return Err(match run_end(target, &run_id).await? {
            RunEnd::Continued { run_id: next } => {
                run_id = next;
                continue;
            }
            RunEnd::Completed(result) => return Ok(result),
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
            RunEnd::Terminated { reason, details } => WorkflowTerminated {
                workflow_id,
                run_id,
                reason,
                details: Details::received(details, converter),
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
        let response = match target.caller().ends_with_failing_tasks() {
            false => response.await,
            true => match select(pin!(response), pin!(stuck(target, run_id))).await {
                Either::Left((response, _)) => response,
                Either::Right((stuck, _)) => return Err(stuck.into()),
            },
        };
        match response {
            Ok(CloseResponse::Closed(end)) => return Ok(end),
            Ok(CloseResponse::StillRunning { page_token: next }) => page_token = next,
            Err(error) => return Err(target.refused(error)),
        }
        if !std::mem::replace(&mut warned, true) {
            progress_warning::log(target, run_id).await;
        }
    }
}

/// Polls a run until its workflow task has failed twice, for tests, in which nobody deploys other code meanwhile.
async fn stuck(target: &FromClient, run_id: &str) -> WorkflowStuck {
    loop {
        tokio::time::sleep(PAUSE).await;
        let described = describe(target, run_id, Patience::at_once(None)).await;
        let task = described.ok().and_then(|described| described.workflow_task);
        let Some(attempt) = task.map(|task| task.attempt).filter(|it| *it > 2) else {
            continue;
        };
        // A task that has timed out has no failure: its worker may be busy.
        if let Some(reason) = last_failure(target, run_id).await {
            return WorkflowStuck {
                workflow_id: target.workflow_id().to_owned(),
                attempt,
                reason,
            };
        }
    }
}

/// The pause between two looks at a workflow that a test waits for.
const PAUSE: Duration = Duration::from_millis(200);

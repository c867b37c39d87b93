//! Update-with-start: checks both operations before it applies either.

use std::sync::Arc;

use durably_history::{
    Policies, RunId, Start, StartDelay, UpdateAbort, UpdateId, UpdateRequest, UpdateStage,
};
use durably_proto::api::enums::v1::{
    UpdateWorkflowExecutionLifecycleStage as WaitStage, WorkflowExecutionStatus,
};
use durably_proto::api::workflowservice::v1::execute_multi_operation_request::operation::Operation as Message;
use durably_proto::api::workflowservice::v1::{
    ExecuteMultiOperationRequest, ExecuteMultiOperationResponse, StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse, UpdateWorkflowExecutionRequest,
    execute_multi_operation_response as multi,
};

use super::deadline::WaitLimit;
use super::update::{self, SentUpdate};
use super::{check, link, start};
use crate::backend::StartResolution;
use crate::backend::request::RequestScope;
use crate::clock::Timekeeper;
use crate::error::{Error, OperationResult};
use crate::execution::{Execution, Runs};
use crate::namespace::Namespace;

/// `ExecuteMultiOperation`.
pub(super) async fn execute(
    scope: &RequestScope<'_>,
    request: ExecuteMultiOperationRequest,
    skips: Option<&Timekeeper>,
    limit: WaitLimit,
) -> Result<ExecuteMultiOperationResponse, Error> {
    let namespace = scope.namespaces.find(&request.namespace)?;
    let operations = checked(scope, &namespace, request)?;
    let mut was_retried = false;
    loop {
        let (execution, target, sent) = send(scope, &namespace, &operations)?;
        let run_id = sent.run_id.clone();
        let status = update::await_stage(&execution, sent, operations.until, skips, limit).await?;
        let overtaken = status.stage == UpdateStage::Aborted(UpdateAbort::Closed);
        if overtaken && target != UpdateTarget::StartedRun {
            // The run closed before it accepted the update; the repetition may start a run.
            if was_retried {
                return Err(update_failed(Error::Aborted(update::ABORTED)));
            }
            was_retried = true;
            continue;
        }
        let update_failed = |error| match target {
            UpdateTarget::StartedRun => {
                Error::MultiOperation(vec![OperationResult::Done, OperationResult::Failed(error)])
            }
            UpdateTarget::RunningRun | UpdateTarget::Completed(_) => update_failed(error),
        };
        let updated = match target {
            UpdateTarget::Completed(_) => update::response(&execution, &run_id, status),
            UpdateTarget::StartedRun | UpdateTarget::RunningRun => {
                let request_id = &operations.update.request.request_id;
                update::sent_response(&execution, &run_id, status, request_id)
            }
        };
        use multi::response::Response;
        return Ok(ExecuteMultiOperationResponse {
            responses: [
                Response::StartWorkflow(target.response(&execution, &run_id)),
                Response::UpdateWorkflow(updated.map_err(update_failed)?),
            ]
            .map(|response| multi::Response {
                response: Some(response),
            })
            .into(),
        });
    }
}

/// Both operations, checked.
struct Operations {
    start: Start,
    policies: Policies,
    update: UpdateRequest,
    until: WaitStage,
}

/// The run that received the update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UpdateTarget {
    /// A run that this request started, together with the update.
    StartedRun,
    /// A run that was running before.
    RunningRun,
    /// The update had been completed before; its run may have ended in this status.
    Completed(WorkflowExecutionStatus),
}

impl UpdateTarget {
    /// The response to the start. For an existing run it has as few fields as the real server's.
    fn response(self, execution: &Execution, run_id: &RunId) -> StartWorkflowExecutionResponse {
        let (status, link) = match self {
            Self::StartedRun | Self::RunningRun => (
                WorkflowExecutionStatus::Running,
                Some(link::to_start(execution, run_id)),
            ),
            Self::Completed(status) => (status, None),
        };
        let first_execution_run_id = match self {
            Self::StartedRun => run_id.to_string(),
            Self::RunningRun | Self::Completed(_) => String::new(),
        };
        StartWorkflowExecutionResponse {
            run_id: run_id.to_string(),
            first_execution_run_id,
            started: self == Self::StartedRun,
            status: status.into(),
            link,
            ..StartWorkflowExecutionResponse::default()
        }
    }
}

fn send(
    scope: &RequestScope<'_>,
    namespace: &Arc<Namespace>,
    operations: &Operations,
) -> Result<(Arc<Execution>, UpdateTarget, SentUpdate), Error> {
    let Operations {
        start,
        policies,
        update,
        until,
    } = operations;
    if let Some(sent) = resend(scope, namespace, operations)? {
        return Ok(sent);
    }
    let start = Start {
        update: Some(update.clone()),
        ..start.clone()
    };
    let mut failed_update = None;
    let started = scope.start(
        namespace,
        start,
        *policies,
        |execution, runs, run_id, met| {
            let mut to_running = |runs: &mut Runs| {
                update::send(scope, execution, runs, run_id, update.clone(), *until)
                    .inspect_err(|error| failed_update = Some(error.clone()))
            };
            let (target, sent) = match met {
                StartResolution::Started(_) => (
                    UpdateTarget::StartedRun,
                    watch_known_update(runs, run_id, &update.id, *until)?,
                ),
                StartResolution::InUse => (UpdateTarget::RunningRun, to_running(runs)?),
                StartResolution::Repeated(_)
                    if runs.get(run_id)?.is_some_and(|it| it.run.is_running()) =>
                {
                    (UpdateTarget::RunningRun, to_running(runs)?)
                }
                // The run has ended, and the repeated request does not start another one.
                StartResolution::Repeated(_) => {
                    return Err(Error::Unavailable("Workflow was not started: StartDeduped"));
                }
            };
            Ok((Arc::clone(execution), target, sent))
        },
    );
    match (started, failed_update) {
        (Ok(started), _) => Ok(started.result),
        (Err(_), Some(error)) => Err(update_failed(error)),
        (Err(error), None) => Err(start_failed(error)),
    }
}

/// Finds an update that the latest run knows, whatever the start's policies: a completed one for
/// its result, an unfinished one of a running run to wait for it.
fn resend(
    scope: &RequestScope<'_>,
    namespace: &Arc<Namespace>,
    operations: &Operations,
) -> Result<Option<(Arc<Execution>, UpdateTarget, SentUpdate)>, Error> {
    let (update, until) = (&operations.update, operations.until);
    let Ok(execution) = scope.execution(namespace, operations.start.workflow_id.as_str()) else {
        return Ok(None);
    };
    let mut runs = execution.lock();
    let Some(record) = runs.latest()? else {
        return Ok(None);
    };
    let run = &record.run;
    let run_id = run.run_id().clone();
    let (target, sent) = if run.has_completed_update(&update.id) {
        let target = UpdateTarget::Completed(run.status());
        (
            target,
            watch_known_update(&mut runs, &run_id, &update.id, until)?,
        )
    } else if run.is_running() && run.update(&update.id).is_some() {
        let sent = update::send(scope, &execution, &mut runs, &run_id, update.clone(), until);
        (UpdateTarget::RunningRun, sent.map_err(update_failed)?)
    } else {
        return Ok(None);
    };
    drop(runs);
    Ok(Some((execution, target, sent)))
}

fn watch_known_update(
    runs: &mut Runs,
    run_id: &RunId,
    id: &UpdateId,
    until: WaitStage,
) -> Result<SentUpdate, Error> {
    let status = runs
        .get(run_id)?
        .and_then(|record| record.run.update(id))
        .ok_or_else(|| Error::NotFound(format!("update \"{id}\" not found")))?;
    update::watch(runs, run_id.clone(), status, until)
}

fn start_failed(error: Error) -> Error {
    Error::MultiOperation(vec![
        OperationResult::Failed(error),
        OperationResult::Aborted,
    ])
}

fn update_failed(error: Error) -> Error {
    Error::MultiOperation(vec![
        OperationResult::Aborted,
        OperationResult::Failed(error),
    ])
}

/// Checks both operations and reports the errors of both.
fn checked(
    scope: &RequestScope<'_>,
    namespace: &Namespace,
    request: ExecuteMultiOperationRequest,
) -> Result<Operations, Error> {
    let mut operations = request.operations.into_iter().map(|it| it.operation);
    let (
        Some(Some(Message::StartWorkflow(start))),
        Some(Some(Message::UpdateWorkflow(update))),
        None,
    ) = (operations.next(), operations.next(), operations.next())
    else {
        return Err(check::invalid(
            "Operations have to be exactly [Start, Update].",
        ));
    };
    let start = checked_start(scope, namespace, start);
    let update = checked_update(scope, namespace, update);
    let ((start, policies), (workflow_id, update, until)) = match (start, update) {
        (Ok(start), Ok(update)) => (start, update),
        (Err(error), Ok(_)) => return Err(start_failed(error)),
        (Ok(_), Err(error)) => return Err(update_failed(error)),
        (Err(start), Err(update)) => {
            let both = [start, update].map(OperationResult::Failed).into();
            return Err(Error::MultiOperation(both));
        }
    };
    if start.workflow_id.as_str() != workflow_id {
        return Err(update_failed(check::invalid(
            "WorkflowId is not consistent with previous operation(s).",
        )));
    }
    Ok(Operations {
        start,
        policies,
        update,
        until,
    })
}

/// Checks the start; refuses the options that an update-with-start does not support, among them
/// those that delay the first workflow task, for which the update would have to wait.
fn checked_start(
    scope: &RequestScope<'_>,
    namespace: &Namespace,
    mut request: StartWorkflowExecutionRequest,
) -> Result<(Start, Policies), Error> {
    // An update without a namespace takes the request's; a start does not.
    if request.namespace.is_empty() {
        return Err(Error::NamespaceNotFound(request.namespace));
    }
    check_namespace(namespace, &request.namespace)?;
    start::complete_request_id(scope, &mut request.request_id);
    let (start, policies) = start::prepared(scope, namespace, request)?;
    if start.cron.is_some() {
        return Err(check::invalid("CronSchedule is not allowed."));
    }
    if start.eager {
        return Err(check::invalid("RequestEagerExecution is not supported."));
    }
    if start.delay != StartDelay::None {
        return Err(check::invalid("WorkflowStartDelay is not supported."));
    }
    Ok((start, policies))
}

/// Checks the update. Fields that name an existing run are refused, because the run may be yet to
/// start.
fn checked_update(
    scope: &RequestScope<'_>,
    namespace: &Namespace,
    request: UpdateWorkflowExecutionRequest,
) -> Result<(String, UpdateRequest, WaitStage), Error> {
    check_namespace(namespace, &request.namespace)?;
    let named = check::execution(request.workflow_execution)?;
    let (update, until) = update::checked(scope, request.request, request.wait_policy)?;
    if !request.first_execution_run_id.is_empty() {
        return Err(check::invalid("FirstExecutionRunId is not allowed."));
    }
    if !named.run_id.is_empty() {
        return Err(check::invalid("RunId is not allowed."));
    }
    Ok((named.workflow_id, update, until))
}

/// Checks that an operation names the request's namespace or none.
fn check_namespace(namespace: &Namespace, named: &str) -> Result<(), Error> {
    match named.is_empty() || *namespace.name == *named {
        true => Ok(()),
        false => Err(check::invalid(
            "Operation namespace did not match request's namespace.",
        )),
    }
}

//! Update-with-start: both operations are checked before either is done.

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
use crate::backend::{Backend, StartResolution};
use crate::clock::Timekeeper;
use crate::error::{Error, OperationResult};
use crate::execution::{Execution, Runs};
use crate::namespace::Namespace;

/// `ExecuteMultiOperation`.
pub(super) async fn execute(
    backend: &Backend,
    request: ExecuteMultiOperationRequest,
    skips: Option<&Timekeeper>,
    limit: WaitLimit,
) -> Result<ExecuteMultiOperationResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let operations = checked(backend, &namespace, request)?;
    let mut was_retried = false;
    loop {
        let (execution, target, sent) = send(backend, &namespace, &operations)?;
        let run_id = sent.run_id.clone();
        let status = update::await_stage(&execution, sent, operations.until, skips, limit).await?;
        let overtaken = status.stage == UpdateStage::Aborted(UpdateAbort::Closed);
        if overtaken && target != UpdateTarget::StartedRun {
            // The run closed before it accepted the update, which may now start a run of its own.
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

/// How the update reached its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UpdateTarget {
    /// With the start of the run.
    StartedRun,
    /// The run is at work.
    RunningRun,
    /// It was completed before, by a run that may have ended in this status.
    Completed(WorkflowExecutionStatus),
}

impl UpdateTarget {
    /// The answer to the start. For a run that was there it says as little as the real server's.
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
    backend: &Backend,
    namespace: &Arc<Namespace>,
    operations: &Operations,
) -> Result<(Arc<Execution>, UpdateTarget, SentUpdate), Error> {
    let Operations {
        start,
        policies,
        update,
        until,
    } = operations;
    if let Some(sent) = resend(backend, namespace, operations)? {
        return Ok(sent);
    }
    let start = Start {
        update: Some(update.clone()),
        ..start.clone()
    };
    let mut failed_update = None;
    let started = backend.start(
        namespace,
        start,
        *policies,
        |execution, runs, run_id, met| {
            let mut to_running = |runs: &mut Runs| {
                update::send(backend, execution, runs, run_id, update.clone(), *until)
                    .inspect_err(|error| failed_update = Some(error.clone()))
            };
            let (target, sent) = match met {
                StartResolution::Started(_) => (
                    UpdateTarget::StartedRun,
                    watch_known_update(runs, run_id, &update.id, *until)?,
                ),
                StartResolution::InUse => (UpdateTarget::RunningRun, to_running(runs)?),
                StartResolution::Repeated(_)
                    if runs.get(run_id).is_some_and(|it| it.run.is_running()) =>
                {
                    (UpdateTarget::RunningRun, to_running(runs)?)
                }
                // The run has ended, and the request does not start another one.
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

/// An update that the latest run knows goes there, whatever the policies of the start say: for its
/// result however the run ended, to be waited for while the run is at work.
fn resend(
    backend: &Backend,
    namespace: &Namespace,
    operations: &Operations,
) -> Result<Option<(Arc<Execution>, UpdateTarget, SentUpdate)>, Error> {
    let (update, until) = (&operations.update, operations.until);
    let Ok(execution) = backend.execution(namespace, operations.start.workflow_id.as_str()) else {
        return Ok(None);
    };
    let mut runs = execution.lock();
    let Some(record) = runs.latest() else {
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
        let sent = update::send(
            backend,
            &execution,
            &mut runs,
            &run_id,
            update.clone(),
            until,
        );
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
        .get(run_id)
        .and_then(|record| record.run.update(id))
        .ok_or_else(|| Error::NotFound(format!("update \"{id}\" not found")))?;
    Ok(update::watch(runs, run_id.clone(), status, until))
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

/// Checks both operations, so that a client learns of the mistakes in either.
fn checked(
    backend: &Backend,
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
    let start = checked_start(backend, namespace, start);
    let update = checked_update(backend, namespace, update);
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

/// A start that the update would have to wait for is refused.
fn checked_start(
    backend: &Backend,
    namespace: &Namespace,
    mut request: StartWorkflowExecutionRequest,
) -> Result<(Start, Policies), Error> {
    // An update without a namespace has that of the whole request; a start has none.
    if request.namespace.is_empty() {
        return Err(Error::NamespaceNotFound(request.namespace));
    }
    check_namespace(namespace, &request.namespace)?;
    start::complete_request_id(backend, &mut request.request_id);
    let (start, policies) = start::prepared(backend, namespace, request)?;
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

/// An update that could not reach a run that is yet to start is refused.
fn checked_update(
    backend: &Backend,
    namespace: &Namespace,
    request: UpdateWorkflowExecutionRequest,
) -> Result<(String, UpdateRequest, WaitStage), Error> {
    check_namespace(namespace, &request.namespace)?;
    let named = check::execution(request.workflow_execution)?;
    let update = update::checked(backend, request.request)?;
    let until = update::wanted_stage(request.wait_policy)?;
    if !request.first_execution_run_id.is_empty() {
        return Err(check::invalid("FirstExecutionRunId is not allowed."));
    }
    if !named.run_id.is_empty() {
        return Err(check::invalid("RunId is not allowed."));
    }
    Ok((named.workflow_id, update, until))
}

/// The namespace that an operation names, if it names one.
fn check_namespace(namespace: &Namespace, named: &str) -> Result<(), Error> {
    match named.is_empty() || *namespace.name == *named {
        true => Ok(()),
        false => Err(check::invalid(
            "OperationResult namespace did not match request's namespace.",
        )),
    }
}

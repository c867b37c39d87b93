//! Updates: sends them, waits for a stage, and polls their results.

use std::sync::Arc;

use durably_history::{
    Input, Rejection, Reply, RunId, UpdateAbort, UpdateId, UpdateRequest, UpdateStage, UpdateStatus,
};
use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::enums::v1::{
    EventType, UpdateWorkflowExecutionLifecycleStage as WaitStage,
};
use durably_proto::api::update::v1::outcome::Value;
use durably_proto::api::update::v1::{Outcome, Request, UpdateRef, WaitPolicy};
use durably_proto::api::workflowservice::v1::{
    PollWorkflowExecutionUpdateRequest, PollWorkflowExecutionUpdateResponse,
    UpdateWorkflowExecutionRequest, UpdateWorkflowExecutionResponse,
};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::deadline::WaitLimit;
use super::{callback, check, link};
use crate::backend::request::RequestScope;
use crate::backend::resolve_run;
use crate::clock::Timekeeper;
use crate::error::Error;
use crate::execution::waiters::has_reached;
use crate::execution::{Execution, Runs};

/// An update that was sent, and the waiter for its stage.
#[derive(Debug)]
pub(super) struct SentUpdate {
    pub(super) run_id: RunId,
    /// Its stage when the execution was unlocked.
    pub(super) status: UpdateStatus,
    /// Receives the status when the stage is reached; `None` if it was reached before.
    pub(super) stage_reached: Option<oneshot::Receiver<UpdateStatus>>,
}

/// `UpdateWorkflowExecution`.
pub(super) async fn update(
    scope: &RequestScope<'_>,
    request: UpdateWorkflowExecutionRequest,
    skips: Option<&Timekeeper>,
    limit: WaitLimit,
) -> Result<UpdateWorkflowExecutionResponse, Error> {
    let namespace = scope.namespaces.find(&request.namespace)?;
    let named = check::execution(request.workflow_execution)?;
    let (update, until) = checked(scope, request.request, request.wait_policy)?;
    let request_id = update.request.request_id.clone();
    loop {
        let execution = scope.execution(&namespace, &named.workflow_id)?;
        let sent = {
            let mut runs = execution.lock();
            let run_id = resolve_run(&execution, &mut runs, &named.run_id)?;
            check_chain(&mut runs, &run_id, &request.first_execution_run_id)?;
            send(scope, &execution, &mut runs, &run_id, update.clone(), until)?
        };
        let run_id = sent.run_id.clone();
        let status = await_stage(&execution, sent, until, skips, limit).await?;
        match status.stage {
            // The workflow continued as new; the update is sent to the next run.
            UpdateStage::Aborted(UpdateAbort::Continued)
                if named.run_id.is_empty() && Instant::now() < limit.end() => {}
            _ => return sent_response(&execution, &run_id, status, &request_id),
        }
    }
}

/// `PollWorkflowExecutionUpdate`.
pub(super) async fn poll(
    scope: &RequestScope<'_>,
    request: PollWorkflowExecutionUpdateRequest,
    skips: Option<&Timekeeper>,
    limit: WaitLimit,
) -> Result<PollWorkflowExecutionUpdateResponse, Error> {
    let namespace = scope.namespaces.find(&request.namespace)?;
    let Some(wanted) = request.update_ref else {
        return Err(Error::Invalid("UpdateRef is not set on request.".into()));
    };
    let named = check::execution_to_load(wanted.workflow_execution)?;
    let until = wait_stage(request.wait_policy);
    let execution = scope.execution(&namespace, &named.workflow_id)?;
    let id = UpdateId::from(wanted.update_id);
    let sent = {
        let mut runs = execution.lock();
        let run_id = resolve_run(&execution, &mut runs, &named.run_id)?;
        let status = runs
            .get(&run_id)?
            .and_then(|record| record.run.update(&id))
            .ok_or_else(|| Error::NotFound(format!("update \"{id}\" not found")))?;
        watch(&mut runs, run_id, status, until)?
    };
    let run_id = sent.run_id.clone();
    let status = await_stage(&execution, sent, until, skips, limit).await?;
    let answered = response(&execution, &run_id, status)?;
    Ok(PollWorkflowExecutionUpdateResponse {
        outcome: answered.outcome,
        stage: answered.stage,
        update_ref: answered.update_ref,
    })
}

/// Checks an update request, generates an update id if it has none, and reads the stage that its sender waits for.
pub(super) fn checked(
    scope: &RequestScope<'_>,
    request: Option<Request>,
    policy: Option<WaitPolicy>,
) -> Result<(UpdateRequest, WaitStage), Error> {
    let mut request = request.unwrap_or_default();
    let Some(meta) = &mut request.meta else {
        return Err(check::invalid("Update meta is not set on request."));
    };
    check::length(&meta.update_id, "UpdateId")?;
    let Some(input) = &request.input else {
        return Err(check::invalid("Update input is not set on request."));
    };
    if input.name.is_empty() {
        return Err(check::invalid("Update name is not set on request."));
    }
    let until = wanted_stage(policy)?;
    callback::check(&request.completion_callbacks)?;
    if meta.update_id.is_empty() {
        meta.update_id = scope.ids.uuid();
    }
    let update = UpdateRequest {
        id: UpdateId::from(meta.update_id.as_str()),
        request,
    };
    Ok((update, until))
}

/// The stage that a sender waits for; `Completed` if the request has none.
///
/// # Errors
/// `Admitted` is refused, because an update is not durable before its acceptance.
fn wanted_stage(policy: Option<WaitPolicy>) -> Result<WaitStage, Error> {
    match wait_stage(policy) {
        WaitStage::Unspecified => Ok(WaitStage::Completed),
        WaitStage::Admitted => Err(Error::PermissionDenied(
            "UpdateWorkflowExecution issued asynchronously and waiting on update admitted is not supported.",
        )),
        stage => Ok(stage),
    }
}

/// The stage that a client waits for.
fn wait_stage(policy: Option<WaitPolicy>) -> WaitStage {
    policy.map_or(WaitStage::Unspecified, |policy| policy.lifecycle_stage())
}

/// Sends an update to a run of a locked execution.
pub(super) fn send(
    scope: &RequestScope<'_>,
    execution: &Arc<Execution>,
    runs: &mut Runs,
    run_id: &RunId,
    update: UpdateRequest,
    until: WaitStage,
) -> Result<SentUpdate, Error> {
    let reply = scope.apply(
        execution,
        runs,
        run_id,
        Input::Update(update),
        |_, reply| reply,
    )?;
    match reply {
        Reply::Update(status) => watch(runs, run_id.clone(), status, until),
        other => Err(Error::Invalid(format!("not an update: {other:?}"))),
    }
}

/// Registers a waiter unless the update has reached the stage.
pub(super) fn watch(
    runs: &mut Runs,
    run_id: RunId,
    status: UpdateStatus,
    until: WaitStage,
) -> Result<SentUpdate, Error> {
    let id = status.id.clone();
    let stage_reached = match has_reached(&status.stage, until) {
        true => None,
        false => runs
            .get(&run_id)?
            .map(|record| record.waiters.add_update_waiter(id.clone(), until)),
    };
    Ok(SentUpdate {
        run_id,
        status,
        stage_reached,
    })
}

/// Waits until the update reaches the stage or the server's limit expires, and returns its status.
/// The clock of `skips` may skip meanwhile.
///
/// # Errors
/// The client's deadline expired first.
pub(super) async fn await_stage(
    execution: &Execution,
    sent: SentUpdate,
    until: WaitStage,
    skips: Option<&Timekeeper>,
    limit: WaitLimit,
) -> Result<UpdateStatus, Error> {
    let Some(mut stage_reached) = sent.stage_reached else {
        return Ok(sent.status);
    };
    let _wait = skips.and_then(|clock| {
        let mut runs = execution.lock();
        let record = runs.get(&sent.run_id).ok()??;
        // Checked under the lock: if the stage was reached since the update was sent, no event is
        // left to end a wait.
        let pending = stage_reached.is_empty();
        pending.then(|| {
            record
                .waiters
                .begin_update_wait(sent.status.id.clone(), until, clock)
        })
    });
    let reached = timeout_at(limit.end(), &mut stage_reached).await;
    if let Ok(Ok(status)) = reached {
        return Ok(status);
    }
    let mut runs = execution.lock();
    let status = runs
        .get(&sent.run_id)?
        .and_then(|record| record.run.update(&sent.status.id))
        .unwrap_or(sent.status);
    if !has_reached(&status.stage, until) {
        limit.check_client()?;
    }
    Ok(status)
}

/// The response to the sender of an update.
pub(super) fn sent_response(
    execution: &Execution,
    run_id: &RunId,
    status: UpdateStatus,
    request_id: &str,
) -> Result<UpdateWorkflowExecutionResponse, Error> {
    let answered = response(execution, run_id, status)?;
    let has_failed = matches!(
        answered.outcome.as_ref().and_then(|it| it.value.as_ref()),
        Some(Value::Failure(_))
    );
    let link = match answered.stage() {
        WaitStage::Unspecified | WaitStage::Admitted => None,
        // Also for an update that was accepted before it failed; the real server does not
        // distinguish the two.
        WaitStage::Completed if has_failed => {
            Some(link::to_run(execution, run_id, "Update rejected"))
        }
        WaitStage::Accepted | WaitStage::Completed => Some(link::to_request(
            execution,
            run_id,
            request_id,
            EventType::WorkflowExecutionUpdateAccepted,
        )),
    };
    Ok(UpdateWorkflowExecutionResponse { link, ..answered })
}

/// The response with an update's stage and outcome.
pub(super) fn response(
    execution: &Execution,
    run_id: &RunId,
    status: UpdateStatus,
) -> Result<UpdateWorkflowExecutionResponse, Error> {
    let (stage, outcome) = stage_and_outcome(status.stage)?;
    Ok(UpdateWorkflowExecutionResponse {
        update_ref: Some(UpdateRef {
            workflow_execution: Some(WorkflowExecution {
                workflow_id: execution.workflow_id().to_string(),
                run_id: run_id.to_string(),
            }),
            update_id: status.id.to_string(),
        }),
        outcome,
        stage: stage.into(),
        ..UpdateWorkflowExecutionResponse::default()
    })
}

fn stage_and_outcome(stage: UpdateStage) -> Result<(WaitStage, Option<Outcome>), Error> {
    match stage {
        UpdateStage::Admitted => Ok((WaitStage::Admitted, None)),
        UpdateStage::Accepted => Ok((WaitStage::Accepted, None)),
        UpdateStage::Completed(outcome) => Ok((WaitStage::Completed, Some(*outcome))),
        UpdateStage::Aborted(UpdateAbort::Closed) => Err(Error::NotFound(ABORTED.to_owned())),
        UpdateStage::Aborted(UpdateAbort::Continued) => Err(Error::Rejected(Rejection::Closing)),
    }
}

fn check_chain(runs: &mut Runs, run_id: &RunId, first_run_id: &str) -> Result<(), Error> {
    match runs.get(run_id)? {
        Some(record)
            if !first_run_id.is_empty() && record.run.first_run_id().as_str() != first_run_id =>
        {
            Err(Error::NotFound("workflow execution not found".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Error text of an update that no worker had accepted when its run closed.
pub(super) const ABORTED: &str = "workflow update was aborted by closing workflow";

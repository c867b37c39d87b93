//! Updates: sent, awaited, and asked after.

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
use super::{check, link};
use crate::backend::{Backend, resolve_run};
use crate::clock::Timekeeper;
use crate::error::Error;
use crate::execution::waiters::has_reached;
use crate::execution::{Execution, Runs};

/// An update on its way, with whoever waits for it.
#[derive(Debug)]
pub(super) struct SentUpdate {
    pub(super) run_id: RunId,
    /// Where it stood when the execution was unlocked.
    pub(super) status: UpdateStatus,
    /// Told when it has come far enough; `None` if it has already.
    pub(super) stage_reached: Option<oneshot::Receiver<UpdateStatus>>,
}

/// `UpdateWorkflowExecution`.
pub(super) async fn update(
    backend: &Backend,
    request: UpdateWorkflowExecutionRequest,
    skips: Option<&Timekeeper>,
    limit: WaitLimit,
) -> Result<UpdateWorkflowExecutionResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let named = check::execution(request.workflow_execution)?;
    let until = wanted_stage(request.wait_policy)?;
    let update = checked(backend, request.request)?;
    let request_id = update.request.request_id.clone();
    loop {
        let execution = backend.execution(&namespace, &named.workflow_id)?;
        let sent = {
            let mut runs = execution.lock();
            let run_id = resolve_run(&execution, &mut runs, &named.run_id)?;
            check_chain(&mut runs, &run_id, &request.first_execution_run_id)?;
            send(
                backend,
                &execution,
                &mut runs,
                &run_id,
                update.clone(),
                until,
            )?
        };
        let run_id = sent.run_id.clone();
        let status = await_stage(&execution, sent, until, skips, limit).await?;
        match status.stage {
            // The workflow goes on in its next run, and so may the update.
            UpdateStage::Aborted(UpdateAbort::Continued)
                if named.run_id.is_empty() && Instant::now() < limit.end() => {}
            _ => return sent_response(&execution, &run_id, status, &request_id),
        }
    }
}

/// `PollWorkflowExecutionUpdate`.
pub(super) async fn poll(
    backend: &Backend,
    request: PollWorkflowExecutionUpdateRequest,
    skips: Option<&Timekeeper>,
    limit: WaitLimit,
) -> Result<PollWorkflowExecutionUpdateResponse, Error> {
    let namespace = backend.namespaces.find(&request.namespace)?;
    let Some(wanted) = request.update_ref else {
        return Err(Error::Invalid("UpdateRef is not set on request.".into()));
    };
    let named = check::execution_to_load(wanted.workflow_execution)?;
    let until = wait_stage(request.wait_policy);
    let execution = backend.execution(&namespace, &named.workflow_id)?;
    let id = UpdateId::from(wanted.update_id);
    let sent = {
        let mut runs = execution.lock();
        let run_id = resolve_run(&execution, &mut runs, &named.run_id)?;
        let status = runs
            .get(&run_id)
            .and_then(|record| record.run.update(&id))
            .ok_or_else(|| Error::NotFound(format!("update \"{id}\" not found")))?;
        watch(&mut runs, run_id, status, until)
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

/// Checks an update request and gives it an id if it has none.
pub(super) fn checked(backend: &Backend, request: Option<Request>) -> Result<UpdateRequest, Error> {
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
    if meta.update_id.is_empty() {
        meta.update_id = backend.ids.uuid();
    }
    Ok(UpdateRequest {
        id: UpdateId::from(meta.update_id.as_str()),
        request,
    })
}

/// How far a client that sends an update wants to wait; to its end if it does not say.
///
/// # Errors
/// The update is not durable before its acceptance, so nothing can be promised of an admitted one.
pub(super) fn wanted_stage(policy: Option<WaitPolicy>) -> Result<WaitStage, Error> {
    match wait_stage(policy) {
        WaitStage::Unspecified => Ok(WaitStage::Completed),
        WaitStage::Admitted => Err(Error::PermissionDenied(
            "UpdateWorkflowExecution issued asynchronously and waiting on update admitted is not supported.",
        )),
        stage => Ok(stage),
    }
}

/// How far a client wants to wait.
fn wait_stage(policy: Option<WaitPolicy>) -> WaitStage {
    policy.map_or(WaitStage::Unspecified, |policy| policy.lifecycle_stage())
}

/// Sends an update to a run of a locked execution.
pub(super) fn send(
    backend: &Backend,
    execution: &Arc<Execution>,
    runs: &mut Runs,
    run_id: &RunId,
    update: UpdateRequest,
    until: WaitStage,
) -> Result<SentUpdate, Error> {
    let reply = backend.apply(
        execution,
        runs,
        run_id,
        Input::Update(update),
        |_, reply| reply,
    )?;
    match reply {
        Reply::Update(status) => Ok(watch(runs, run_id.clone(), status, until)),
        other => Err(Error::Invalid(format!("not an update: {other:?}"))),
    }
}

/// Registers a waiter for an update that has not come far enough.
pub(super) fn watch(
    runs: &mut Runs,
    run_id: RunId,
    status: UpdateStatus,
    until: WaitStage,
) -> SentUpdate {
    let id = status.id.clone();
    let stage_reached = match has_reached(&status.stage, until) {
        true => None,
        false => runs
            .get(&run_id)
            .map(|record| record.waiters.add_update_waiter(id.clone(), until)),
    };
    SentUpdate {
        run_id,
        status,
        stage_reached,
    }
}

/// Where the update stands when it has come far enough, or when the server's limit is reached. Until
/// then the clock of `skips` may skip.
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
        let record = runs.get(&sent.run_id)?;
        // Looked at under the lock: news that came since the update was sent end no wait.
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
        .get(&sent.run_id)
        .and_then(|record| record.run.update(&sent.status.id))
        .unwrap_or(sent.status);
    if !has_reached(&status.stage, until) {
        limit.check_client()?;
    }
    Ok(status)
}

/// The answer to who sent an update with this request.
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
        // Also for one that was accepted before it failed; the real server does not tell them apart.
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

/// Where an update stands, as clients read it.
pub(super) fn response(
    execution: &Execution,
    run_id: &RunId,
    status: UpdateStatus,
) -> Result<UpdateWorkflowExecutionResponse, Error> {
    let (stage, outcome) = stage_and_outcome(status.stage)?;
    Ok(UpdateWorkflowExecutionResponse {
        update_ref: Some(UpdateRef {
            workflow_execution: Some(WorkflowExecution {
                workflow_id: execution.workflow_id.to_string(),
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
    let record = runs.get(run_id);
    match record {
        Some(record)
            if !first_run_id.is_empty() && record.run.first_run_id().as_str() != first_run_id =>
        {
            Err(Error::NotFound("workflow execution not found".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Why an update ends that no worker had accepted when its run closed.
pub(super) const ABORTED: &str = "workflow update was aborted by closing workflow";

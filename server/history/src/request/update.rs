//! An update request: admits the update, or answers with its stage if it is known.

use crate::input::UpdateRequest;
use crate::limits;
use crate::open_transition::OpenTransition;
use crate::rejection::{Closed, Invalid, LimitExceeded, Rejection};
use crate::state::{Phase, Run, TaskType};
use crate::task::workflow_task;
use crate::transition::{Reply, UpdateStage, UpdateStatus};

/// Admits the update, or returns its status if it is known.
pub(crate) fn apply(
    request: UpdateRequest,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    let known = run.update(&request.id).map(Reply::Update);
    if let Phase::Closed { status, .. } = run.phase {
        return known.ok_or(Rejection::Closed(Closed { status }));
    }
    // Known updates are refused, too: their sender would retry until the code is fixed.
    if run.has_failing_workflow_task() {
        return Err(Rejection::TaskFailing);
    }
    if run.close_attempted && run.has_started_workflow_task() {
        return Err(Rejection::Closing);
    }
    if let Some(known) = known {
        return Ok(known);
    }
    check(&request)?;
    check_limits(run)?;
    let id = request.id.clone();
    run.updates.admit(request.id, request.request);
    if !run.has_workflow_task() {
        workflow_task::schedule(run, TaskType::Speculative, out);
    }
    Ok(Reply::Update(UpdateStatus {
        id,
        stage: UpdateStage::Admitted,
    }))
}

fn check(request: &UpdateRequest) -> Result<(), Rejection> {
    let named = request
        .request
        .input
        .as_ref()
        .is_some_and(|input| !input.name.is_empty());
    if !named {
        return Err(Rejection::Invalid(Invalid(
            "missing field \"name\" in \"Input\"".to_owned(),
        )));
    }
    Ok(())
}

fn check_limits(run: &Run) -> Result<(), Rejection> {
    if run.updates.in_flight() >= limits::UPDATES_IN_FLIGHT {
        let limit = limits::UPDATES_IN_FLIGHT;
        return Err(Rejection::LimitExceeded(LimitExceeded::UpdatesInFlight {
            limit,
        }));
    }
    if run.updates.len() >= limits::UPDATES_TOTAL {
        let limit = limits::UPDATES_TOTAL;
        return Err(Rejection::LimitExceeded(LimitExceeded::UpdatesInTotal {
            limit,
        }));
    }
    Ok(())
}

//! `PollWorkflowExecutionTimeSkipping`.

use durably_history::{FastForwardEnd, FastForwardStatus, RunId, check_fast_forward_id};
use durably_proto::api::common::v1::TimeSkippingFastForwardInfo;
use durably_proto::api::enums::v1::FastForwardPollingResult as PollResult;
use durably_proto::api::workflowservice::v1::{
    PollWorkflowExecutionTimeSkippingRequest, PollWorkflowExecutionTimeSkippingResponse,
};
use tokio::time::timeout_at;

use super::check;
use super::deadline::WaitLimit;
use crate::backend::request::RequestScope;
use crate::backend::{no_such_workflow, resolve_run};
use crate::clock::Timekeeper;
use crate::error::Error;
use crate::execution::Runs;

/// Waits until a fast-forward is settled or the server's limit expires. The clock of `skips` may skip meanwhile.
pub(super) async fn poll(
    scope: &RequestScope<'_>,
    request: PollWorkflowExecutionTimeSkippingRequest,
    skips: Option<&Timekeeper>,
    limit: WaitLimit,
) -> Result<PollWorkflowExecutionTimeSkippingResponse, Error> {
    let named = check::execution(request.workflow_execution)?;
    let namespace = scope.namespaces.find(&request.namespace)?;
    check_fast_forward_id(&request.fast_forward_id)?;
    let execution = scope.execution(&namespace, &named.workflow_id)?;
    let mut run_id = resolve_run(&execution, &mut execution.lock(), &named.run_id)?;
    let mut first: Option<TimeSkippingFastForwardInfo> = None;
    let mut _wait;
    loop {
        // Registered before the check, so that no notification in between is missed.
        let notified = execution.changed.notified();
        let info = {
            let mut runs = execution.lock();
            run_id = last_of_chain(&mut runs, run_id)?;
            let record = runs.get(&run_id)?;
            let record = record.ok_or_else(|| no_such_workflow(execution.workflow_id()))?;
            let status = record.run.fast_forward_status(&request.fast_forward_id);
            let info = match settled(status, first.as_ref()) {
                Ok(response) => return Ok(response),
                Err(pending) => pending,
            };
            // Again each time, because the record may be another one than before.
            _wait = skips.map(|clock| record.waiters.begin_fast_forward_wait(clock));
            info
        };
        if timeout_at(limit.end(), notified).await.is_err() {
            limit.check_client()?;
            return Ok(response(PollResult::PollTimeout, "", Some(info)));
        }
        first.get_or_insert(info);
    }
}

/// The run that goes on for this one: a fast-forward goes on there, too.
fn last_of_chain(runs: &mut Runs, mut run_id: RunId) -> Result<RunId, Error> {
    while let Some(record) = runs.get(&run_id)? {
        let next = record.run.next_run_id().map(RunId::from);
        match next.filter(|_| !record.run.is_running()) {
            Some(next) => run_id = next,
            None => break,
        }
    }
    Ok(run_id)
}

/// The response, unless the fast-forward goes on; `first` is how it was when the poll began.
fn settled(
    status: FastForwardStatus,
    first: Option<&TimeSkippingFastForwardInfo>,
) -> Result<PollWorkflowExecutionTimeSkippingResponse, TimeSkippingFastForwardInfo> {
    let is_other = |info: &TimeSkippingFastForwardInfo| {
        first.is_some_and(|first| first.target_time != info.target_time)
    };
    let failed = |reason, info| response(PollResult::FastForwardFailed, reason, info);
    Ok(match status {
        FastForwardStatus::Unknown(other) => failed(OTHER_ID, other),
        FastForwardStatus::Pending(info)
        | FastForwardStatus::Reached(info)
        | FastForwardStatus::Ended(info, _)
            if is_other(&info) =>
        {
            failed(RESET, Some(info))
        }
        FastForwardStatus::Pending(info) => return Err(info),
        FastForwardStatus::Reached(info) => {
            response(PollResult::FastForwardCompleted, "", Some(info))
        }
        FastForwardStatus::Ended(info, FastForwardEnd::Closed) => failed(CLOSED, Some(info)),
        FastForwardStatus::Ended(info, FastForwardEnd::Disabled) => failed(DISABLED, Some(info)),
    })
}

fn response(
    result: PollResult,
    failed_reason: &str,
    info: Option<TimeSkippingFastForwardInfo>,
) -> PollWorkflowExecutionTimeSkippingResponse {
    PollWorkflowExecutionTimeSkippingResponse {
        fast_forward_polling_result: result.into(),
        failed_reason: failed_reason.to_owned(),
        fast_forward_info: info,
    }
}

const OTHER_ID: &str =
    "the requested fast_forward_id does not match the execution's current fast-forward";
const RESET: &str = "the fast-forward was reset";
const CLOSED: &str = "the execution ended before the fast-forward completed";
const DISABLED: &str = "time skipping was disabled before the fast-forward completed";

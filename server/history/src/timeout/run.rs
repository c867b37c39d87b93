//! Run and execution timeouts.

use durably_proto::api::enums::v1::{ContinueAsNewInitiator, RetryState, WorkflowExecutionStatus};
use durably_proto::api::history::v1::WorkflowExecutionTimedOutEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::next_run::{self, Successor};
use crate::open_transition::OpenTransition;
use crate::rejection::Rejection;
use crate::state::Run;
use crate::task::task_end::{self, Failed};
use crate::transition::UpdateAbort;
use crate::updates;
use crate::{failure, retry};

/// Closes the run as timed out; its retry policy or cron schedule may start the next one.
pub(crate) fn fire(run: &mut Run, out: &mut OpenTransition) -> Result<(), Rejection> {
    if run.config.run_expires_at.is_none_or(|at| at > out.now) {
        return Err(Rejection::StaleDeadline);
    }
    let (retry_state, successor) = successor(run, out);
    task_end::end_failed(run, Failed::force_close(), out);
    run.flush_buffer();
    let event = WorkflowExecutionTimedOutEventAttributes {
        retry_state: retry_state.into(),
        new_execution_run_id: successor
            .as_ref()
            .map_or_else(String::new, Successor::run_id_text),
    };
    run.record(
        out.now,
        Attributes::WorkflowExecutionTimedOutEventAttributes(event),
    );
    let abort = if successor.is_some() {
        UpdateAbort::Continued
    } else {
        UpdateAbort::Closed
    };
    updates::abort_all(run, abort, out);
    run.close(WorkflowExecutionStatus::TimedOut, out);
    if let Some(successor) = successor {
        next_run::start_next(run, successor, out);
    }
    Ok(())
}

fn successor(run: &mut Run, out: &OpenTransition) -> (RetryState, Option<Successor>) {
    if run
        .config
        .execution_expires_at
        .is_some_and(|at| at <= out.now)
    {
        return (RetryState::Timeout, None);
    }
    let failure = failure::workflow_timeout();
    match next_run::retry_backoff(run, &failure, out.now) {
        retry::RetryDecision::After(backoff) => {
            let initiator = ContinueAsNewInitiator::Retry;
            (
                RetryState::InProgress,
                Some(Successor::new(run, initiator, backoff).failed(failure)),
            )
        }
        retry::RetryDecision::No(reason) => {
            let cron = next_run::cron_backoff(run, out.now);
            let successor = cron.map(|backoff| {
                Successor::new(run, ContinueAsNewInitiator::CronSchedule, backoff).failed(failure)
            });
            (reason, successor)
        }
    }
}

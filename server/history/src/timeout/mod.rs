//! Due deadlines: timeouts, user timers and retries. A stale deadline is rejected and changes
//! nothing.

pub(crate) mod activity;
mod next_deadline;
pub(crate) mod run;
pub(crate) mod user_timer;
pub(crate) mod workflow_task;

use crate::input::Deadline;
use crate::open_transition::OpenTransition;
use crate::rejection::Rejection;
use crate::state::Run;
use crate::time_skipping;

/// Applies a due deadline.
pub(crate) fn apply(
    deadline: Deadline,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<(), Rejection> {
    let first = run.first_deadline();
    let is_due = first
        .as_ref()
        .is_some_and(|(at, first)| *first == deadline && *at <= out.now);
    let result = fire(deadline, run, out);
    // Otherwise the caller, which fires the first deadline while it is due, would do so for ever.
    if is_due {
        assert_eq!(result, Ok(()), "a deadline that is due is not stale");
        assert_ne!(run.first_deadline(), first, "a deadline fires once");
    }
    result
}

fn fire(deadline: Deadline, run: &mut Run, out: &mut OpenTransition) -> Result<(), Rejection> {
    match deadline {
        Deadline::FirstWorkflowTask => workflow_task::first(run, out),
        Deadline::WorkflowTask(stamp) => workflow_task::fire(stamp, run, out),
        Deadline::Timer(id) => user_timer::fire(&id, run, out),
        Deadline::Activity(scheduled) => activity::fire(scheduled, run, out),
        Deadline::FastForward => time_skipping::end_fast_forward(run, out),
        Deadline::Run => run::fire(run, out),
    }
}

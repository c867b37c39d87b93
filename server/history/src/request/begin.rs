//! The first workflow task of a child, which waits until the parent has recorded the start.

use crate::input::BeginFirstTask;
use crate::open_transition::OpenTransition;
use crate::rejection::Rejection;
use crate::state::Run;
use crate::transition::Reply;

/// Schedules the first workflow task, unless it has another delay or another request has done so.
pub(crate) fn apply(
    begin: BeginFirstTask,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    if run.parent() != Some((&begin.parent, begin.initiated)) {
        return Err(Rejection::OtherParent);
    }
    if !run.awaits_parent {
        return Ok(Reply::AlreadyDone);
    }
    run.awaits_parent = false;
    // The task of an update may have been the first.
    if run.config.executes_at <= out.now && !run.has_completed_workflow_task() {
        run.ensure_workflow_task(out);
    }
    Ok(Reply::Done)
}

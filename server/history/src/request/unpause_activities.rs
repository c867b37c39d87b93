//! Unpauses activities: their next attempts begin, and their deadlines count again.

use crate::input::UnpauseActivities;
use crate::open_transition::OpenTransition;
use crate::rejection::Rejection;
use crate::request::selected_activities::{self, jittered, schedule_attempt};
use crate::state::Run;
use crate::task::activity_task;
use crate::transition::Reply;

/// Unpauses those of the selected activities that are paused.
pub(crate) fn apply(
    request: UnpauseActivities,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    for scheduled in selected_activities::find(run, &request.selected)? {
        if activity_task::pending(run, scheduled).pause.is_none() {
            continue;
        }
        run.activities.unpause(scheduled);
        if request.reset_attempts {
            run.activities.reset_attempts(scheduled);
        }
        if request.reset_heartbeat {
            run.activities.reset_heartbeat(scheduled);
        }
        let at = jittered(run, out.now, request.jitter);
        schedule_attempt(run, scheduled, at, out);
    }
    Ok(Reply::Done)
}

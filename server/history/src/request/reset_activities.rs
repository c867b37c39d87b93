//! Resets activities: their attempts are counted from 1 again. One that waits for its next attempt begins the first
//! at once. A running attempt is notified by its next heartbeat, and the next one follows its end; unless it is the
//! first one, its report is refused.

use crate::input::ResetActivities;
use crate::open_transition::OpenTransition;
use crate::rejection::Rejection;
use crate::request::activity_options;
use crate::request::selected_activities::{self, jittered, schedule_attempt};
use crate::state::Run;
use crate::task::activity_task;
use crate::transition::Reply;

/// Resets the selected activities.
pub(crate) fn apply(
    request: ResetActivities,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    for scheduled in selected_activities::find(run, &request.selected)? {
        run.activities.reset_attempts(scheduled);
        run.activities
            .request_reset(scheduled, request.reset_heartbeat);
        if request.restore_options {
            // As on the real server, this does not restore the priority.
            let mut options = activity_options::original(run, scheduled);
            options.priority = activity_task::pending(run, scheduled).priority.clone();
            run.activities.set_options(scheduled, options);
        }
        if activity_task::pending(run, scheduled).pause.is_some() {
            if request.keep_paused {
                continue;
            }
            run.activities.unpause(scheduled);
        }
        let at = jittered(run, out.now, request.jitter);
        schedule_attempt(run, scheduled, at, out);
    }
    Ok(Reply::Done)
}

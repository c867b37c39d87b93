//! Pauses activities: attempts with a worker may end, and no others are dispatched.

use crate::input::PauseActivities;
use crate::open_transition::OpenTransition;
use crate::pending::activities::Pause;
use crate::rejection::Rejection;
use crate::request::selected_activities;
use crate::state::Run;
use crate::task::activity_task;
use crate::transition::Reply;

/// Pauses the selected activities, or none if another request has paused one of them.
pub(crate) fn apply(
    request: PauseActivities,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    let mut to_pause = Vec::new();
    for scheduled in selected_activities::find(run, &request.selected)? {
        match &activity_task::pending(run, scheduled).pause {
            None => to_pause.push(scheduled),
            // Without an id no request repeats another.
            Some(pause)
                if pause.request_id == request.request_id
                    && !request.request_id.as_str().is_empty() => {}
            Some(_) => return Err(Rejection::AlreadyPaused),
        }
    }
    for scheduled in to_pause {
        let pause = Pause {
            at: out.now,
            identity: request.identity.clone(),
            reason: request.reason.clone(),
            request_id: request.request_id.clone(),
        };
        run.activities.pause(scheduled, pause);
    }
    Ok(Reply::Done)
}

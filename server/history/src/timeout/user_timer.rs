//! User timers.

use durably_proto::api::history::v1::TimerFiredEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::id::TimerId;
use crate::open_transition::OpenTransition;
use crate::rejection::Rejection;
use crate::state::Run;

/// Fires the timer and all others that are due, so that one workflow task delivers them together.
pub(crate) fn fire(id: &TimerId, run: &mut Run, out: &mut OpenTransition) -> Result<(), Rejection> {
    if run
        .timers
        .get(id)
        .is_none_or(|timer| timer.fires_at > out.now)
    {
        return Err(Rejection::StaleDeadline);
    }
    while let Some((due, timer)) = run.timers.pop_due(out.now) {
        let event = TimerFiredEventAttributes {
            timer_id: due.to_string(),
            started_event_id: timer.started.0,
        };
        run.buffer(out.now, Attributes::TimerFiredEventAttributes(event));
    }
    run.ensure_workflow_task(out);
    Ok(())
}

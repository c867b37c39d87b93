//! User timers.

use durably_proto::api::history::v1::TimerFiredEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::id::TimerId;
use crate::input::Deadline;
use crate::open_transition::OpenTransition;
use crate::rejection::Rejection;
use crate::state::Run;
use crate::transition::Effect;

/// Fires the timer and all others that are due, so that one workflow task delivers them together.
pub(crate) fn ring(id: &TimerId, run: &mut Run, out: &mut OpenTransition) -> Result<(), Rejection> {
    if run
        .timers
        .get(id)
        .is_none_or(|timer| timer.fires_at > out.now)
    {
        return Err(Rejection::StaleDeadline);
    }
    while let Some(first) = run.timers_by_time.first_entry() {
        let &(fires_at, started) = first.key();
        if fires_at > out.now {
            break;
        }
        let due = first.remove();
        run.timers.remove(&due);
        let event = TimerFiredEventAttributes {
            timer_id: due.to_string(),
            started_event_id: started.0,
        };
        run.buffer(out.now, Attributes::TimerFiredEventAttributes(event));
        if due != *id {
            out.effect(Effect::Disarm(Deadline::Timer(due)));
        }
    }
    run.ensure_workflow_task(out);
    Ok(())
}

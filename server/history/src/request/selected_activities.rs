//! Which pending activities a request is about, and how their attempts are scheduled anew.

use std::time::Duration;

use crate::id::EventId;
use crate::input::ActivitySelector;
use crate::open_transition::OpenTransition;
use crate::rejection::{Rejection, TaskNotFound};
use crate::state::Run;
use crate::task::activity_task;
use crate::time::Time;

/// The events that scheduled the selected activities.
///
/// # Errors
/// There are none.
pub(super) fn find(run: &Run, selected: &ActivitySelector) -> Result<Vec<EventId>, Rejection> {
    let found: Vec<_> = match selected {
        ActivitySelector::Id(id) => run.activities.event_of(id).into_iter().collect(),
        ActivitySelector::Type(name) => {
            let activities = run.activities.iter().map(|activity| activity.scheduled);
            activities
                .filter(|scheduled| activity_task::type_name(run, *scheduled) == *name)
                .collect()
        }
        ActivitySelector::All => run.activities.iter().map(|it| it.scheduled).collect(),
    };
    match found.is_empty() {
        true => Err(Rejection::TaskNotFound(TaskNotFound::Selected)),
        false => Ok(found),
    }
}

/// Schedules the next attempt of an activity at `at`, unless a worker has the attempt. A paused activity keeps it
/// until it is unpaused.
pub(super) fn schedule_attempt(
    run: &mut Run,
    scheduled: EventId,
    at: Time,
    out: &mut OpenTransition,
) {
    if activity_task::pending(run, scheduled).is_started() {
        return;
    }
    run.activities.schedule_attempt(scheduled, at, out.now);
    if activity_task::pending(run, scheduled).is_waiting() {
        activity_task::offer(run, scheduled, out);
    }
}

/// A random moment from `now` on, within the jitter.
pub(super) fn jittered(run: &mut Run, now: Time, jitter: Duration) -> Time {
    match u64::try_from(jitter.as_nanos()).unwrap_or(u64::MAX) {
        0 => now,
        nanos => now + Duration::from_nanos(run.random.next_u64() % nanos),
    }
}

//! Pending user timers.

use std::collections::BTreeMap;

use crate::id::{EventId, TimerId};
use crate::time::Time;
use crate::tracked::Tracked;

/// The timers that have neither fired nor been cancelled.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    by_id: Tracked<TimerId, Timer>,
    /// The same timers in the order in which they fire; those of one time as they started.
    by_time: BTreeMap<(Time, EventId), TimerId>,
}

/// A pending user timer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timer {
    pub started: EventId,
    pub fires_at: Time,
}

impl Timers {
    /// Adds a timer.
    pub(crate) fn start(&mut self, id: TimerId, timer: Timer) {
        let other = self.by_id.insert(id.clone(), timer);
        assert!(other.is_none(), "timer {id} is pending already");
        let other = self.by_time.insert(timer.place(), id);
        assert!(other.is_none(), "an event starts one timer");
        self.assert_invariants();
    }

    /// Removes a timer and returns it.
    pub(crate) fn remove(&mut self, id: &TimerId) -> Option<Timer> {
        let timer = self.by_id.remove(id)?;
        let indexed = self.by_time.remove(&timer.place());
        assert_eq!(indexed.as_ref(), Some(id), "a timer is found by its time");
        self.assert_invariants();
        Some(timer)
    }

    /// Removes the timer that fires first, if it is due, and returns it.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<(TimerId, Timer)> {
        let (&(fires_at, _), id) = self.by_time.first_key_value()?;
        if fires_at > now {
            return None;
        }
        let id = id.clone();
        let timer = self.remove(&id)?;
        Some((id, timer))
    }

    /// Removes all timers.
    pub(crate) fn clear(&mut self) {
        self.by_time.clear();
        self.by_id.clear();
    }

    /// The timer that fires first.
    pub(crate) fn first(&self) -> Option<(&TimerId, &Timer)> {
        let (_, id) = self.by_time.first_key_value()?;
        self.by_id.get(id).map(|timer| (id, timer))
    }

    pub(crate) fn get(&self, id: &TimerId) -> Option<&Timer> {
        self.by_id.get(id)
    }

    pub(crate) fn contains(&self, id: &TimerId) -> bool {
        self.by_id.contains_key(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&TimerId, &Timer)> {
        self.by_id.iter()
    }

    /// Adds a stored timer; returns false if there is one with its id or its event.
    pub(crate) fn restore(&mut self, id: TimerId, timer: Timer) -> bool {
        self.by_time.insert(timer.place(), id.clone()).is_none() && self.by_id.restore(id, timer)
    }

    /// The timers that were added or removed since the last commit.
    pub(crate) fn take_changed(&mut self) -> impl Iterator<Item = (TimerId, Option<&Timer>)> {
        self.by_id.take_changed()
    }

    fn assert_invariants(&self) {
        assert_eq!(
            self.by_id.len(),
            self.by_time.len(),
            "timers are found by id and by time"
        );
    }
}

impl Timer {
    fn place(self) -> (Time, EventId) {
        (self.fires_at, self.started)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer(started: i64, fires_at: i64) -> Timer {
        Timer {
            started: EventId(started),
            fires_at: Time::from_unix_nanos(fires_at),
        }
    }

    #[test]
    fn timers_fire_in_the_order_of_their_times_and_then_of_their_starts() {
        let mut timers = Timers::default();
        for (id, started, fires_at) in [("a", 7, 20), ("c", 6, 10), ("b", 8, 10), ("d", 5, 30)] {
            timers.start(id.into(), timer(started, fires_at));
        }
        timers.remove(&"d".into());
        let now = Time::from_unix_nanos(20);
        let fired = std::iter::from_fn(|| timers.pop_due(now));
        let fired: Vec<_> = fired.map(|(id, _)| id.to_string()).collect();
        assert_eq!(fired, ["c", "b", "a"]);
    }

    #[test]
    #[should_panic(expected = "timer a is pending already")]
    fn a_pending_timer_does_not_start_again() {
        let mut timers = Timers::default();
        timers.start("a".into(), timer(5, 10));
        timers.start("a".into(), timer(6, 10));
    }
}

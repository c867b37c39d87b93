//! Rate limit of a worker: when the next activity may begin.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How far the rate may fall behind and catch up: timers are late by a millisecond or two, and so are answers.
const SLACK: Duration = Duration::from_millis(20);
/// A poll that waited longer than this found its queue empty. Its task begins now, and not when it was allowed.
const WAITED: Duration = Duration::from_secs(1);
/// The longest interval, so that no sum leaves the range of an `Instant`.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// The right to begin one activity.
#[derive(Debug)]
pub(crate) struct Reservation {
    /// From when on. It may be shortly before the reservation, so that a rate that fell behind catches up.
    pub(crate) at: Instant,
}

/// Allows an activity at a time, with even intervals between them.
#[derive(Debug)]
pub(crate) struct RateLimit {
    interval: Duration,
    /// When the next one is allowed.
    next: Mutex<Option<Instant>>,
}

impl RateLimit {
    /// `per_second` is above 0.
    pub(crate) fn new(per_second: f64) -> Self {
        assert!(per_second > 0.0, "the options are checked before");
        let interval = Duration::try_from_secs_f64(per_second.recip());
        Self {
            interval: interval.map_or(LONGEST, |interval| interval.min(LONGEST)),
            next: Mutex::default(),
        }
    }

    /// Reserves the next activity, which is counted.
    pub(crate) fn reserve(&self, now: Instant) -> Reservation {
        let mut next = self.next();
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        let at = next.map_or(now, |next| next.max(earliest));
        *next = Some(at + self.interval);
        Reservation { at }
    }

    /// Counts an activity that comes at `now` by its time, if that is long after the one that was reserved: polls
    /// that waited for tasks together would otherwise begin them together, and others at the full rate right after.
    pub(crate) fn begin(&self, Reservation { at }: Reservation, now: Instant) {
        let waited = now.saturating_duration_since(at);
        if waited >= WAITED {
            let mut next = self.next();
            // Its interval is in `next` already, and has passed in part.
            let passed = self.interval.min(waited);
            *next = Some(next.map_or(now, |next| next.max(now)) + passed);
        }
    }

    /// Takes a reservation back that no task came for. Others may have been made after it; then it stays counted,
    /// because their times are settled.
    pub(crate) fn give_back(&self, Reservation { at }: Reservation) {
        let mut next = self.next();
        if *next == Some(at + self.interval) {
            *next = Some(at);
        }
    }

    fn next(&self) -> MutexGuard<'_, Option<Instant>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::span::{millis, secs};

    /// When the next activity may begin.
    fn next(limit: &RateLimit, now: Instant) -> Instant {
        limit.reserve(now).at.max(now)
    }

    /// When activities begin, in milliseconds, if each is `late` by so much.
    fn begins(per_second: f64, count: usize, late: &[u64]) -> Vec<u128> {
        let (limit, began) = (RateLimit::new(per_second), Instant::now());
        let mut now = began;
        let mut found = Vec::new();
        for number in 0..count {
            now = next(&limit, now);
            now += millis(late[number % late.len()]);
            found.push((now - began).as_millis());
        }
        found
    }

    #[test]
    fn activities_begin_in_even_intervals() {
        assert_eq!(begins(10.0, 4, &[0]), [0, 100, 200, 300]);
        assert_eq!(begins(0.5, 3, &[0]), [0, 2_000, 4_000]);
    }

    #[test]
    fn a_late_timer_does_not_lower_the_rate() {
        let last = begins(1_000.0, 10_001, &[1, 0, 2]).pop();
        assert!(
            last.is_some_and(|last| (10_000..10_005).contains(&last)),
            "{last:?}"
        );
    }

    #[test]
    fn what_an_idle_worker_has_not_begun_is_not_caught_up() {
        let (limit, began) = (RateLimit::new(100.0), Instant::now());
        limit.reserve(began);
        let later = began + secs(60);
        let at = |limit: &RateLimit| next(limit, later) - later;
        let found = [at(&limit), at(&limit), at(&limit), at(&limit)];
        assert_eq!(found, [millis(0), millis(0), millis(0), millis(10)]);
    }

    #[test]
    fn tasks_of_polls_that_waited_together_count_when_they_begin() {
        let (limit, began) = (RateLimit::new(10.0), Instant::now());
        let reserved = [limit.reserve(began), limit.reserve(began)];
        let later = began + secs(30);
        for reservation in reserved {
            limit.begin(reservation, later);
        }
        let prompt = limit.reserve(later);
        assert_eq!(prompt.at, later + millis(200));
        limit.begin(prompt, later + millis(700));
        assert_eq!(limit.reserve(later).at, later + millis(300));
    }

    #[test]
    fn an_activity_that_begins_within_its_interval_is_counted_once() {
        let (limit, began) = (RateLimit::new(0.1), Instant::now());
        let reservation = limit.reserve(began);
        limit.begin(reservation, began + secs(5));
        assert_eq!(limit.reserve(began + secs(6)).at, began + secs(15));
    }

    #[test]
    fn a_poll_without_a_task_gives_its_reservation_back() {
        let (limit, began) = (RateLimit::new(0.001), Instant::now());
        let first = limit.reserve(began);
        limit.give_back(first);
        let again = limit.reserve(began + secs(60));
        assert_eq!(again.at, began + millis(59_980));
        let after = limit.reserve(began + secs(60));
        limit.give_back(again);
        let late = limit.reserve(began + secs(60)).at;
        assert_eq!(late, after.at + secs(1_000), "a later one is settled");
    }

    #[test]
    fn a_rate_of_any_size_has_an_interval() {
        let now = Instant::now();
        for rate in [f64::MIN_POSITIVE, 1e-12, 1e12, f64::MAX] {
            let limit = RateLimit::new(rate);
            limit.reserve(now);
            assert!(limit.reserve(now).at >= now);
        }
    }
}

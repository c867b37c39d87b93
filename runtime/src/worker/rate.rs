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

    /// When the next activity may begin, at `now` or later. It is counted.
    pub(crate) fn reserve(&self, now: Instant) -> Instant {
        let mut next = self.next();
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        let at = next.map_or(now, |next| next.max(earliest));
        *next = Some(at + self.interval);
        at.max(now)
    }

    /// Counts an activity that begins `now`, long after it was `allowed`: polls that waited for tasks together
    /// would otherwise begin them together, and others at the full rate right after.
    pub(crate) fn began(&self, allowed: Instant, now: Instant) {
        if now.saturating_duration_since(allowed) >= WAITED {
            let mut next = self.next();
            *next = Some(next.map_or(now, |next| next.max(now)) + self.interval);
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

    /// When activities begin, in milliseconds, if each is `late` by so much.
    fn begins(per_second: f64, count: usize, late: &[u64]) -> Vec<u128> {
        let (limit, began) = (RateLimit::new(per_second), Instant::now());
        let mut now = began;
        let mut found = Vec::new();
        for number in 0..count {
            now = limit.reserve(now);
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
        let at = |limit: &RateLimit| limit.reserve(later) - later;
        let found = [at(&limit), at(&limit), at(&limit), at(&limit)];
        assert_eq!(found, [millis(0), millis(0), millis(0), millis(10)]);
    }

    #[test]
    fn tasks_of_polls_that_waited_together_count_when_they_begin() {
        let (limit, began) = (RateLimit::new(10.0), Instant::now());
        let allowed = [limit.reserve(began), limit.reserve(began)];
        let later = began + secs(30);
        for allowed in allowed {
            limit.began(allowed, later);
        }
        assert_eq!(limit.reserve(later), later + millis(200));
        limit.began(later, later + millis(500));
        assert_eq!(limit.reserve(later), later + millis(300), "it was prompt");
    }

    #[test]
    fn a_rate_of_any_size_has_an_interval() {
        let now = Instant::now();
        for rate in [f64::MIN_POSITIVE, 1e-12, 1e12, f64::MAX] {
            let limit = RateLimit::new(rate);
            limit.reserve(now);
            assert!(limit.reserve(now) >= now);
        }
    }
}

//! Pace of tasks: the interval between two of them, and how far they may run ahead of it.

use std::time::Duration;

use tokio::time::Instant;

/// Spaces tasks out. Its state is the instant at which the tasks so far have earned their intervals; none before the
/// first one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    pub(super) interval: Duration,
    /// How long before its intervals are over a task may leave.
    pub(super) burst: Duration,
}

impl Pace {
    /// The instant at which the next task may leave.
    pub(super) fn next(self, earned: Option<Instant>, now: Instant) -> Instant {
        let earned = earned.unwrap_or(now);
        earned.checked_sub(self.burst).unwrap_or(now).max(now)
    }

    /// The state after a task that leaves.
    pub(super) fn spend(self, earned: Option<Instant>, now: Instant) -> Instant {
        earned.unwrap_or(now).max(now) + self.interval
    }

    /// The state without a task that did not leave after all.
    pub(super) fn give_back(self, earned: Instant) -> Instant {
        earned.checked_sub(self.interval).unwrap_or(earned)
    }
}

/// The interval between two tasks; none for a rate of zero.
pub(super) fn interval(per_second: f64) -> Option<Duration> {
    (per_second > 0.0).then(|| match Duration::try_from_secs_f64(1.0 / per_second) {
        Ok(interval) => interval.min(LONGEST),
        Err(_) => LONGEST,
    })
}

/// Upper bound, so that the sum stays within the range of an `Instant`.
pub(super) const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

//! How long one call may take, how often it is attempted, and the pauses between.

use std::{
    hash::{BuildHasher, RandomState},
    time::{Duration, Instant},
};

use crate::wire::status::Retry;

/// How long one call may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For one attempt.
    pub(crate) attempt: Duration,
    limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    /// One attempt; the caller decides what an error means.
    OneAttempt,
    /// Faults are retried until this has passed.
    Deadline(Instant),
    /// The answer will come, whatever happens to the connection meanwhile.
    None,
}

/// How long a server that works takes to answer a request that does not wait for anything.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the server holds a request that waits for something, and a while more.
const LONG_POLL_TIMEOUT: Duration = Duration::from_secs(65);
/// The longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Patience {
    pub(crate) const fn one_attempt(attempt: Duration) -> Self {
        Self {
            attempt,
            limit: Limit::OneAttempt,
        }
    }

    /// For a request that the server answers at once: faults are retried until `timeout` has passed, or
    /// for ten seconds.
    pub(crate) fn at_once(timeout: Option<Duration>) -> Self {
        Self::up_to(timeout.unwrap_or(ANSWER_TIMEOUT), ANSWER_TIMEOUT)
    }

    /// Faults are retried until `timeout` has passed.
    pub(crate) fn up_to(timeout: Duration, attempt: Duration) -> Self {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => Self {
                attempt,
                limit: Limit::Deadline(deadline),
            },
            None => Self {
                attempt,
                limit: Limit::None,
            },
        }
    }

    /// For a report that the server waits for until then.
    pub(crate) const fn until(deadline: Instant) -> Self {
        Self {
            attempt: ANSWER_TIMEOUT,
            limit: Limit::Deadline(deadline),
        }
    }

    /// For a request without which nothing can begin.
    pub(crate) const fn until_reachable() -> Self {
        Self {
            attempt: ANSWER_TIMEOUT,
            limit: Limit::None,
        }
    }

    /// For a request that the server answers when something has happened, or after a while with nothing.
    pub(crate) const fn until_answered() -> Self {
        Self {
            attempt: LONG_POLL_TIMEOUT,
            limit: Limit::None,
        }
    }
}

/// The failed attempts of one call.
#[derive(Debug)]
pub(crate) struct Attempts {
    patience: Patience,
    backoff: Backoff,
}

impl Attempts {
    pub(crate) const fn new(patience: Patience) -> Self {
        Self {
            patience,
            backoff: Backoff::new(),
        }
    }

    /// The pause before the next attempt, unless the one that failed `now` was the last.
    pub(crate) fn next_pause(&mut self, retry: Retry, now: Instant) -> Option<Duration> {
        if retry == Retry::Never || self.patience.limit == Limit::OneAttempt {
            return None;
        }
        let pause = self.backoff.pause(retry);
        match self.patience.limit {
            Limit::Deadline(deadline) if now + pause >= deadline => None,
            Limit::Deadline(_) | Limit::None | Limit::OneAttempt => Some(pause),
        }
    }
}

/// Pauses that grow from 100 ms by 1.7 to five seconds, give or take a fifth.
#[derive(Debug)]
pub(crate) struct Backoff {
    failed: u32,
}

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self { failed: 0 }
    }

    /// The pause after one more failure.
    pub(crate) fn pause(&mut self, retry: Retry) -> Duration {
        let failed = self.failed;
        self.failed += 1;
        let first = match retry {
            Retry::Interrupted if failed == 0 => return Duration::ZERO,
            Retry::Later => Duration::from_secs(1),
            Retry::Soon | Retry::Interrupted | Retry::Never => Duration::from_millis(100),
        };
        let growth = 1.7_f64.powi(failed.min(20).cast_signed());
        let pause = first.mul_f64(growth).min(LONGEST_PAUSE);
        pause.mul_f64(0.8 + 0.4 * jitter())
    }

    /// The server answered: the next pause is a short one.
    pub(crate) fn reset(&mut self) {
        self.failed = 0;
    }
}

/// From 0 to 1. Keeps clients that lost one server from coming back in step; the hasher's random
/// keys are random enough for that.
fn jitter() -> f64 {
    let bits = RandomState::new().hash_one(0_u8);
    f64::from((bits >> 32) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn is_retried(patience: Patience, retry: Retry) -> bool {
        let mut attempts = Attempts::new(patience);
        attempts.next_pause(retry, Instant::now()).is_some()
    }

    #[test]
    fn a_refusal_is_final_and_one_attempt_is_one() {
        for patience in [Patience::at_once(None), Patience::until_answered()] {
            assert!(!is_retried(patience, Retry::Never));
            assert!(is_retried(patience, Retry::Soon));
            assert!(is_retried(patience, Retry::Later));
            assert!(is_retried(patience, Retry::Interrupted));
        }
        assert!(!is_retried(Patience::one_attempt(SECOND), Retry::Soon));
    }

    #[test]
    fn a_fault_that_stays_is_reported_at_the_deadline() {
        let now = Instant::now();
        for (patience, retried) in [
            (Patience::at_once(None), false),
            (Patience::at_once(Some(SECOND * 30)), true),
            (Patience::at_once(Some(Duration::MAX)), true),
            (Patience::until(now + SECOND * 5), false),
            (Patience::until_answered(), true),
        ] {
            let mut attempts = Attempts::new(patience);
            assert!(attempts.next_pause(Retry::Soon, now).is_some());
            let later = attempts.next_pause(Retry::Soon, now + SECOND * 11);
            assert_eq!(later.is_some(), retried, "{patience:?}");
        }
    }

    #[test]
    fn pauses_grow_to_a_limit_and_start_over() {
        let mut backoff = Backoff::new();
        assert!(backoff.pause(Retry::Soon) < Duration::from_millis(121));
        let last = (0..30).map(|_| backoff.pause(Retry::Soon)).last();
        assert!(last > Some(LONGEST_PAUSE.mul_f64(0.79)));
        assert!(last < Some(LONGEST_PAUSE.mul_f64(1.21)));
        backoff.reset();
        assert!(backoff.pause(Retry::Soon) < Duration::from_millis(121));
        backoff.reset();
        assert_eq!(backoff.pause(Retry::Interrupted), Duration::ZERO);
        assert!(backoff.pause(Retry::Interrupted) > Duration::ZERO);
        backoff.reset();
        assert!(backoff.pause(Retry::Later) > SECOND.mul_f64(0.79));
    }
}

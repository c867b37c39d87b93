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
    attempt: Duration,
    limit: Limit,
    longest_pause: Duration,
    /// Whether a request that is denied is repeated: its key or certificate may be renewed meanwhile.
    outlasts_denial: bool,
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
/// The same for a worker's responses and reports, which the server waits for.
const LONGEST_PAUSE_OF_REPORTS: Duration = Duration::from_secs(2);
/// The first pause for a busy server.
const LATER: Duration = Duration::from_secs(1);
/// The pause before the last attempt ends this long before the deadline.
const LAST_ATTEMPT: Duration = Duration::from_millis(100);
/// How long after the deadline an attempt is given up: a call's own timeout ends it before, with an error
/// that says what was waited for.
const GRACE: Duration = Duration::from_millis(250);

impl Patience {
    const fn new(attempt: Duration, limit: Limit) -> Self {
        Self {
            attempt,
            limit,
            longest_pause: LONGEST_PAUSE,
            outlasts_denial: false,
        }
    }

    pub(crate) const fn one_attempt(attempt: Duration) -> Self {
        Self::new(attempt, Limit::OneAttempt)
    }

    /// For a request that the server answers at once: faults are retried until `timeout` has passed, or
    /// for ten seconds.
    pub(crate) fn at_once(timeout: Option<Duration>) -> Self {
        Self::up_to(timeout.unwrap_or(ANSWER_TIMEOUT), ANSWER_TIMEOUT)
    }

    /// Faults are retried until `timeout` has passed.
    pub(crate) fn up_to(timeout: Duration, attempt: Duration) -> Self {
        let deadline = Instant::now().checked_add(timeout);
        Self::new(attempt, deadline.map_or(Limit::None, Limit::Deadline))
    }

    /// For a report that the server waits for until then. A denial does not end it: the work is done, and would have to
    /// be done again.
    pub(crate) const fn until(deadline: Instant) -> Self {
        Self {
            attempt: ANSWER_TIMEOUT,
            limit: Limit::Deadline(deadline),
            longest_pause: LONGEST_PAUSE_OF_REPORTS,
            outlasts_denial: true,
        }
    }

    /// For a request without which nothing can begin.
    pub(crate) const fn until_reachable() -> Self {
        Self::new(ANSWER_TIMEOUT, Limit::None)
    }

    /// For a request that the server answers when something has happened, or after a while with nothing.
    pub(crate) const fn until_answered() -> Self {
        Self::new(LONG_POLL_TIMEOUT, Limit::None)
    }

    /// How long an attempt that begins `now` may take.
    pub(crate) fn attempt(&self, now: Instant) -> Duration {
        match self.limit {
            Limit::Deadline(deadline) => {
                let left = deadline.saturating_duration_since(now);
                let left = left.saturating_add(GRACE);
                // Errors name it: no fractions of milliseconds.
                let left = left.saturating_sub(Duration::from_nanos(
                    (left.subsec_nanos() % 1_000_000).into(),
                ));
                self.attempt.min(left)
            }
            Limit::OneAttempt | Limit::None => self.attempt,
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
            backoff: Backoff::up_to(patience.longest_pause),
        }
    }

    /// How long the attempt that begins `now` may take.
    pub(crate) fn timeout(&self, now: Instant) -> Duration {
        self.patience.attempt(now)
    }

    /// Whether the request was sent before, and may have been carried out then.
    pub(crate) const fn is_repeated(&self) -> bool {
        self.backoff.failed > 0
    }

    /// The pause before the next attempt, unless the one that failed `now` was the last. The pause before
    /// the last one is shorter, so that it begins before the deadline.
    pub(crate) fn next_pause(&mut self, retry: Retry, now: Instant) -> Option<Duration> {
        let retry = match retry {
            Retry::IfAllowed if self.patience.outlasts_denial => Retry::Later,
            Retry::IfAllowed => Retry::Never,
            other => other,
        };
        if retry == Retry::Never || self.patience.limit == Limit::OneAttempt {
            return None;
        }
        let pause = self.backoff.pause(retry);
        let Limit::Deadline(deadline) = self.patience.limit else {
            return Some(pause);
        };
        let room = deadline
            .saturating_duration_since(now)
            .saturating_sub(LAST_ATTEMPT);
        let least = match retry {
            Retry::Later | Retry::IfAllowed => LATER.min(pause),
            Retry::Soon | Retry::Interrupted | Retry::Never => Duration::ZERO,
        };
        (room > least).then(|| pause.min(room))
    }
}

/// Pauses that grow from 100 ms by 1.7 to the longest one, give or take a fifth.
#[derive(Debug)]
pub(crate) struct Backoff {
    failed: u32,
    longest: Duration,
}

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self::up_to(LONGEST_PAUSE)
    }

    const fn up_to(longest: Duration) -> Self {
        Self { failed: 0, longest }
    }

    /// The pause after one more failure.
    pub(crate) fn pause(&mut self, retry: Retry) -> Duration {
        let failed = self.failed;
        self.failed += 1;
        let first = match retry {
            Retry::Interrupted if failed == 0 => return Duration::ZERO,
            Retry::Later | Retry::IfAllowed => LATER,
            Retry::Soon | Retry::Interrupted | Retry::Never => Duration::from_millis(100),
        };
        let growth = 1.7_f64.powi(failed.min(20).cast_signed());
        let pause = first.mul_f64(growth).min(self.longest);
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
    fn a_denial_is_final_except_for_reports() {
        for (patience, retried) in [
            (Patience::at_once(None), false),
            (Patience::until_answered(), false),
            (Patience::one_attempt(SECOND), false),
            (Patience::until(Instant::now() + SECOND * 10), true),
        ] {
            assert_eq!(
                is_retried(patience, Retry::IfAllowed),
                retried,
                "{patience:?}"
            );
        }
        let mut attempts = Attempts::new(Patience::until(Instant::now() + SECOND * 10));
        let pause = attempts.next_pause(Retry::IfAllowed, Instant::now());
        assert!(pause >= Some(SECOND.mul_f64(0.79)), "{pause:?}");
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
    fn the_last_attempt_begins_before_the_deadline_and_ends_with_it() {
        let now = Instant::now();
        let deadline = now + SECOND * 8;
        for (patience, longest) in [
            (Patience::until(deadline), LONGEST_PAUSE_OF_REPORTS),
            (Patience::at_once(Some(SECOND * 8)), LONGEST_PAUSE),
        ] {
            let mut attempts = Attempts::new(patience);
            assert!(!attempts.is_repeated());
            let mut at = now;
            while let Some(pause) = attempts.next_pause(Retry::Soon, at) {
                assert!(pause <= longest.mul_f64(1.21), "{pause:?}");
                at += pause;
                assert!(at < deadline && at + attempts.timeout(at) <= deadline + GRACE * 2);
            }
            assert!(attempts.is_repeated());
            assert!(at >= deadline - LAST_ATTEMPT, "{:?}", deadline - at);
        }
    }

    #[test]
    fn an_attempt_takes_its_own_time_or_what_is_left() {
        let now = Instant::now();
        let attempts = Attempts::new(Patience::until(now + SECOND * 30));
        for (passed, timeout) in [(0, 10_000), (25_000, 5_250), (40_000, 250)] {
            let at = now + Duration::from_millis(passed);
            assert_eq!(attempts.timeout(at), Duration::from_millis(timeout));
        }
        let attempts = Attempts::new(Patience::until_answered());
        assert_eq!(attempts.timeout(now + SECOND * 99), LONG_POLL_TIMEOUT);
    }

    #[test]
    fn a_busy_server_is_not_asked_sooner_because_the_deadline_is_near() {
        let now = Instant::now();
        let mut attempts = Attempts::new(Patience::until(now + SECOND));
        assert_eq!(attempts.next_pause(Retry::Later, now + SECOND / 2), None);
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

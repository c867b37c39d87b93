//! How often one RPC is tried, and how long it may take.

use std::{
    hash::{BuildHasher, RandomState},
    time::{Duration, Instant},
};

use tonic::{Code, Status};

use crate::wire::status::is_too_large;

/// How long one RPC may take, and how many attempts it is worth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    timeout: Duration,
    persistence: Persistence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Persistence {
    /// The caller decides what an error means.
    OneAttempt,
    /// For requests that change nothing when they arrive twice: passing faults are sat out, for a
    /// while.
    SitOut,
    /// For waiting: the answer will come, whatever happens to the connection meanwhile.
    UntilAnswered,
}

/// After so long without an answer a fault is no longer taken for a passing one.
const SIT_OUT: Duration = Duration::from_secs(10);
/// The longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Patience {
    pub(crate) const fn one_attempt(timeout: Duration) -> Self {
        Self {
            timeout,
            persistence: Persistence::OneAttempt,
        }
    }

    pub(crate) const fn sit_out(timeout: Duration) -> Self {
        Self {
            timeout,
            persistence: Persistence::SitOut,
        }
    }

    pub(crate) const fn until_answered(timeout: Duration) -> Self {
        Self {
            timeout,
            persistence: Persistence::UntilAnswered,
        }
    }
}

/// A bare timeout is one attempt.
impl From<Duration> for Patience {
    fn from(timeout: Duration) -> Self {
        Self::one_attempt(timeout)
    }
}

/// The attempts of one RPC.
pub(crate) struct Attempts<M> {
    /// What is sent; taken by an attempt that is the last one whatever comes.
    message: Option<M>,
    patience: Patience,
    /// When the first attempt failed.
    failing_since: Option<Instant>,
    /// How many attempts failed.
    failed: u32,
}

impl<M: Clone> Attempts<M> {
    pub(crate) const fn new(message: M, patience: Patience) -> Self {
        Self {
            message: Some(message),
            patience,
            failing_since: None,
            failed: 0,
        }
    }

    pub(crate) const fn timeout(&self) -> Duration {
        self.patience.timeout
    }

    /// The message for the next attempt.
    pub(crate) fn message(&mut self) -> M {
        let message = match self.patience.persistence {
            Persistence::OneAttempt => self.message.take(),
            Persistence::SitOut | Persistence::UntilAnswered => self.message.clone(),
        };
        message.expect("after the only attempt `pause_after` gives its error back")
    }

    /// Waits before the next attempt, or gives the error back if there shall be none.
    pub(crate) async fn pause_after(&mut self, status: Status) -> Result<(), Status> {
        match self.next_pause(&status, Instant::now()) {
            Some(pause) => {
                tokio::time::sleep(pause).await;
                Ok(())
            }
            None => Err(status),
        }
    }

    /// How long to wait after an attempt that failed `now`, if there shall be another one.
    fn next_pause(&mut self, status: &Status, now: Instant) -> Option<Duration> {
        let failing_since = *self.failing_since.get_or_insert(now);
        let pause = self.pause(status);
        let patient = match self.patience.persistence {
            Persistence::OneAttempt => false,
            Persistence::SitOut => is_passing(status) && now + pause < failing_since + SIT_OUT,
            Persistence::UntilAnswered => is_passing(status) || is_interruption(status),
        };
        self.failed += 1;
        patient.then_some(pause)
    }

    /// 100 ms, growing by 1.7, give or take a fifth; a server that is busy gets a second at least.
    fn pause(&self, status: &Status) -> Duration {
        if self.failed == 0 && is_interruption(status) {
            return Duration::ZERO;
        }
        let first: Duration = match status.code() {
            Code::ResourceExhausted => Duration::from_secs(1),
            _ => Duration::from_millis(100),
        };
        let growth = 1.7_f64.powi(self.failed.min(20).cast_signed());
        let pause = first.mul_f64(growth).min(LONGEST_PAUSE);
        pause.mul_f64(0.8 + 0.4 * jitter())
    }
}

/// From 0 to 1. Keeps clients that lost one server from coming back in step; the hasher's random
/// keys are random enough for that.
fn jitter() -> f64 {
    let bits = RandomState::new().hash_one(0_u8);
    f64::from((bits >> 32) as u32) / f64::from(u32::MAX)
}

/// Faults that may be gone the next time.
fn is_passing(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::Aborted | Code::Internal | Code::Unknown | Code::DataLoss => true,
        Code::ResourceExhausted => !is_too_large(status),
        _ => false,
    }
}

/// The end of an attempt that says nothing about the request: its time ran out, or the connection
/// was closed under it.
fn is_interruption(status: &Status) -> bool {
    matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use tonic::Status;

    use super::{Attempts, LONGEST_PAUSE, Patience, SIT_OUT};

    const SECOND: Duration = Duration::from_secs(1);

    fn is_repeated(patience: impl Into<Patience>, status: Status) -> bool {
        let mut attempts = Attempts::new((), patience.into());
        attempts.message();
        attempts.next_pause(&status, Instant::now()).is_some()
    }

    #[test]
    fn a_passing_fault_is_sat_out() {
        let patience = Patience::sit_out(SECOND);
        assert!(is_repeated(patience, Status::unavailable("restarting")));
        assert!(is_repeated(patience, Status::resource_exhausted("busy")));
    }

    #[test]
    fn a_refusal_is_final() {
        for patience in [Patience::sit_out(SECOND), Patience::until_answered(SECOND)] {
            assert!(!is_repeated(
                patience,
                Status::not_found("no such workflow")
            ));
            assert!(!is_repeated(patience, Status::invalid_argument("no id")));
            let size = "grpc: received message larger than max (5 vs. 4)";
            assert!(!is_repeated(patience, Status::resource_exhausted(size)));
        }
    }

    #[test]
    fn waiting_goes_on_after_an_interruption() {
        let expired = || Status::cancelled("Timeout expired");
        assert!(is_repeated(Patience::until_answered(SECOND), expired()));
        assert!(!is_repeated(Patience::sit_out(SECOND), expired()));
    }

    #[test]
    fn one_attempt_is_one() {
        assert!(!is_repeated(SECOND, Status::unavailable("gone")));
    }

    #[test]
    fn a_fault_that_stays_is_reported_unless_one_waits() {
        let first = Instant::now();
        for (patience, repeated) in [
            (Patience::sit_out(SECOND), false),
            (Patience::until_answered(SECOND), true),
        ] {
            let mut attempts = Attempts::new((), patience);
            let gone = Status::unavailable("gone");
            assert!(attempts.next_pause(&gone, first).is_some());
            let later = attempts.next_pause(&gone, first + SIT_OUT);
            assert_eq!(later.is_some(), repeated);
        }
    }

    #[test]
    fn pauses_grow_to_a_limit() {
        let mut attempts = Attempts::new((), Patience::until_answered(SECOND));
        let mut pause = || attempts.next_pause(&Status::unavailable("gone"), Instant::now());
        assert!(pause() < Some(Duration::from_millis(121)));
        let last = (0..30).map(|_| pause()).last().flatten();
        assert!(last > Some(LONGEST_PAUSE.mul_f64(0.79)));
        assert!(last < Some(LONGEST_PAUSE.mul_f64(1.21)));
    }
}

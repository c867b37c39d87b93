//! How long to wait before the server is asked again, and what is worth asking again.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use tonic::{Code, Status};

use crate::wire::status::is_too_large;

/// Growing pauses between attempts, each off by up to a fifth so that workers do not knock together.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
    longest: Duration,
    random: RandomState,
    count: u64,
}

const FIRST: Duration = Duration::from_millis(100);

impl Backoff {
    pub(crate) fn up_to(longest: Duration) -> Self {
        Self {
            next: FIRST,
            longest,
            random: RandomState::new(),
            count: 0,
        }
    }

    /// The next pause; the one after it is twice as long.
    pub(crate) fn pause(&mut self) -> Duration {
        let share = (self.random.hash_one(self.count) % 1_000) as f64 / 1_000.0;
        self.count += 1;
        let pause = self.next.mul_f64(0.8 + 0.4 * share);
        self.next = (self.next * 2).min(self.longest);
        pause
    }

    /// The server answered: start over with short pauses.
    pub(crate) fn reset(&mut self) {
        self.next = FIRST;
    }
}

/// What an error of a call means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// The server is away, busy or starting; the same request may succeed later.
    Retry,
    /// The same request fails again.
    Final,
}

/// Whether asking again can help.
pub(crate) fn outlook(status: &Status) -> Outlook {
    if is_too_large(status) {
        return Outlook::Final;
    }
    match status.code() {
        Code::Unavailable
        | Code::ResourceExhausted
        | Code::DeadlineExceeded
        | Code::Cancelled
        | Code::Aborted
        | Code::Internal
        | Code::Unknown
        | Code::DataLoss => Outlook::Retry,
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Unauthenticated => Outlook::Final,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_start_over() {
        let mut backoff = Backoff::up_to(Duration::from_millis(400));
        for expected in [100, 200, 400, 400] {
            let pause = backoff.pause().as_millis();
            assert!(
                (expected * 8 / 10..=expected * 12 / 10).contains(&pause),
                "{pause}"
            );
        }
        backoff.reset();
        assert!(backoff.pause().as_millis() <= 120);
    }

    #[test]
    fn a_server_that_is_away_is_asked_again_and_a_refusal_is_final() {
        assert_eq!(outlook(&Status::unavailable("away")), Outlook::Retry);
        assert_eq!(outlook(&Status::not_found("namespace")), Outlook::Final);
        let large = Status::resource_exhausted("grpc: received message larger than max (5 vs. 4)");
        assert_eq!(outlook(&large), Outlook::Final);
    }
}

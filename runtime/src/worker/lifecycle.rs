//! The phases of a worker from its start to its end.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::wire::status::CallError;

/// How far a worker is on its way from start to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// It does not poll yet.
    #[default]
    Starting,
    /// It polls.
    Running,
    /// No new poll begins; those in flight may still return a task.
    Stopping,
    /// Polls in flight are dropped.
    PollsAbandoned,
    /// Activities that still run are reported as failed.
    ActivitiesAbandoned,
    /// Nothing is waited for any more.
    Aborted,
    /// It has ended.
    Ended,
}

/// The phase of one worker, and the error that ended it. Phases only advance.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    phase: watch::Sender<Phase>,
    /// The rejected poll that ends the worker.
    rejection: Mutex<Option<CallError>>,
    /// Why the worker failed.
    failure: Mutex<Option<String>>,
}

impl Lifecycle {
    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.has_reached(Phase::Stopping)
    }

    pub(crate) fn has_reached(&self, phase: Phase) -> bool {
        self.phase() >= phase
    }

    pub(crate) fn advance(&self, phase: Phase) {
        self.phase.send_if_modified(|current| {
            let advances = phase > *current;
            if advances {
                *current = phase;
            }
            advances
        });
    }

    /// Resolves when the worker is in `phase` or past it.
    pub(crate) async fn reached(&self, phase: Phase) {
        let mut current = self.phase.subscribe();
        // The sender lives in `self`, so the wait ends by the condition only.
        let _ = current.wait_for(|current| *current >= phase).await;
    }

    /// Stops the worker because the server rejects its polls. The first rejection is kept: the polls of
    /// the other queues fail for the same reason.
    pub(crate) fn stop_rejected(&self, error: CallError) {
        lock(&self.rejection).get_or_insert(error);
        self.advance(Phase::Stopping);
    }

    /// The rejection that stopped the worker, if one did.
    pub(crate) fn take_rejection(&self) -> Option<CallError> {
        lock(&self.rejection).take()
    }

    /// The worker has ended, with an error if it failed.
    pub(crate) fn end(&self, failure: Option<String>) {
        if let Some(failure) = failure {
            lock(&self.failure).get_or_insert(failure);
        }
        self.advance(Phase::Ended);
    }

    /// Why the worker failed, if it did.
    pub(crate) fn failure(&self) -> Option<String> {
        lock(&self.failure).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the lifecycle of a worker whose future is dropped before the worker has begun; one that has begun shuts down
/// in the background.
pub(crate) struct EndOnDrop<'a>(pub(crate) &'a Lifecycle);

impl EndOnDrop<'_> {
    /// The worker has begun.
    pub(crate) fn disarm(self) {
        std::mem::forget(self);
    }
}

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.end(None);
    }
}

#[cfg(test)]
mod tests {
    use tonic::Status;

    use super::*;

    #[test]
    fn phases_only_advance() {
        let lifecycle = Lifecycle::default();
        lifecycle.advance(Phase::PollsAbandoned);
        lifecycle.advance(Phase::Stopping);
        assert!(lifecycle.is_stopping() && lifecycle.has_reached(Phase::PollsAbandoned));
        assert!(!lifecycle.has_reached(Phase::ActivitiesAbandoned));
    }

    #[test]
    fn the_first_rejection_ends_the_worker() {
        let lifecycle = Lifecycle::default();
        lifecycle.stop_rejected(Status::not_found("first").into());
        lifecycle.stop_rejected(Status::internal("second").into());
        assert!(lifecycle.is_stopping());
        let rejection = lifecycle.take_rejection().map(|it| it.message());
        assert_eq!(rejection.as_deref(), Some("first"));
    }

    #[test]
    fn a_worker_that_failed_keeps_its_reason() {
        let lifecycle = Lifecycle::default();
        lifecycle.end(Some("no such namespace".to_owned()));
        lifecycle.end(None);
        assert_eq!(lifecycle.failure().as_deref(), Some("no such namespace"));
        assert_eq!(lifecycle.phase(), Phase::Ended);
    }
}

//! The phases of a worker from its start to its end.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::wire::status::CallError;

/// How far a worker is on its way from start to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// It polls.
    #[default]
    Running,
    /// No new poll begins; those in flight may still return a task.
    Stopping,
    /// Polls in flight are dropped.
    PollsAbandoned,
    /// Activities that still run are reported as failed.
    ActivitiesAbandoned,
}

impl Phase {
    /// Replaces `current` if that is an earlier phase; returns whether it did.
    pub(crate) fn replace_earlier(self, current: &mut Self) -> bool {
        let later = self > *current;
        if later {
            *current = self;
        }
        later
    }
}

/// The phase of one worker, and the error that ended it. Phases only advance.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    phase: Arc<watch::Sender<Phase>>,
    /// The rejected poll that ends the worker.
    rejection: Mutex<Option<CallError>>,
}

impl Lifecycle {
    pub(crate) fn new(phase: Arc<watch::Sender<Phase>>) -> Self {
        Self {
            phase,
            rejection: Mutex::default(),
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.has_reached(Phase::Stopping)
    }

    pub(crate) fn has_reached(&self, phase: Phase) -> bool {
        *self.phase.borrow() >= phase
    }

    pub(crate) fn advance(&self, phase: Phase) {
        self.phase
            .send_if_modified(|current| phase.replace_earlier(current));
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
        let mut rejection = self
            .rejection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        rejection.get_or_insert(error);
        self.advance(Phase::Stopping);
    }

    /// The rejection that stopped the worker, if one did.
    pub(crate) fn take_rejection(&self) -> Option<CallError> {
        let mut rejection = self
            .rejection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        rejection.take()
    }
}

#[cfg(test)]
mod tests {
    use tonic::Status;

    use super::*;

    #[test]
    fn phases_only_advance() {
        let lifecycle = Lifecycle::new(Arc::default());
        lifecycle.advance(Phase::PollsAbandoned);
        lifecycle.advance(Phase::Stopping);
        assert!(lifecycle.is_stopping() && lifecycle.has_reached(Phase::PollsAbandoned));
        assert!(!lifecycle.has_reached(Phase::ActivitiesAbandoned));
    }

    #[test]
    fn the_first_rejection_ends_the_worker() {
        let lifecycle = Lifecycle::new(Arc::default());
        lifecycle.stop_rejected(Status::not_found("first").into());
        lifecycle.stop_rejected(Status::internal("second").into());
        assert!(lifecycle.is_stopping());
        let rejection = lifecycle.take_rejection().map(|it| it.message());
        assert_eq!(rejection.as_deref(), Some("first"));
    }
}

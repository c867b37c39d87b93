//! Whether and why an activity should stop.

use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

/// Why an activity should stop. [`ActivityCtx`](crate::activity::ActivityCtx#cancellation) says how long its
/// body may take for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelReason {
    /// The workflow requested it; the activity ends it by returning [`Cancelled`](crate::error::Cancelled).
    Requested,
    /// The worker shuts down; an attempt that does not end in time is retried on another one.
    WorkerShutdown,
    /// The server no longer knows the attempt: it timed out there, or the workflow has ended. A local activity: the
    /// worker has dropped the run, because the run or its workflow task has ended.
    Gone,
    /// The attempt has reached its start-to-close or schedule-to-close timeout. The result of its
    /// body is discarded.
    TimedOut,
    /// An operator paused the activity.
    Paused,
    /// An operator reset the activity.
    Reset,
}

/// Set once; the first reason stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct CancelSignal(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    reason: OnceLock<CancelReason>,
    set: Notify,
}

impl CancelSignal {
    pub(crate) fn set(&self, reason: CancelReason) {
        if self.0.reason.set(reason).is_ok() {
            self.0.set.notify_waiters();
        }
    }

    pub(crate) fn reason(&self) -> Option<CancelReason> {
        self.0.reason.get().copied()
    }

    /// Resolves when a reason is set.
    pub(crate) async fn wait(&self) -> CancelReason {
        loop {
            let set = self.0.set.notified();
            if let Some(reason) = self.reason() {
                return reason;
            }
            set.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_stays_and_wakes_all_who_wait() {
        let signal = CancelSignal::default();
        let waiting = signal.clone();
        let waiter = tokio::spawn(async move { waiting.wait().await });
        signal.set(CancelReason::Requested);
        signal.set(CancelReason::WorkerShutdown);
        assert_eq!(waiter.await.unwrap(), CancelReason::Requested);
        assert_eq!(signal.reason(), Some(CancelReason::Requested));
    }
}

//! The health of a worker, for probes and people.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Instant,
};

use super::{
    lifecycle::{Lifecycle, Phase},
    poll::{PollStatus, Polls},
};

/// What a worker does, and whether its polls succeed. From
/// [`WorkerHandle::health`](crate::worker::WorkerHandle::health).
///
/// ```
/// use durably::worker::{WorkerHandle, WorkerState};
///
/// fn report(worker: &WorkerHandle) -> String {
///     let health = worker.health();
///     match health.state {
///         WorkerState::Polling => format!("{} is polled", health.task_queue),
///         WorkerState::Failed { reason } => format!("the worker has ended: {reason}"),
///         state => format!("not now: {state:?}"),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerHealth {
    /// The task queue of the worker.
    pub task_queue: String,
    /// What the worker does.
    pub state: WorkerState,
    /// The polls of each queue; empty until the worker polls.
    pub polls: Vec<PollStatus>,
}

/// What a worker does.
///
/// ```
/// use durably::worker::WorkerState;
///
/// fn is_over(state: &WorkerState) -> bool {
///     matches!(state, WorkerState::Stopped | WorkerState::Failed { .. })
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkerState {
    /// It has not begun to poll: it has not run yet, or waits for a server that is unreachable.
    Starting,
    /// It polls, and the server accepts its polls.
    Polling,
    /// Its polls fail, and it tries again.
    Disconnected {
        /// Why a poll failed.
        error: String,
    },
    /// Workflow code blocks more threads than [`max_lost_threads`](crate::Worker::max_lost_threads) allows, so no
    /// more workflow tasks are polled. It resumes if one of them returns, which may be never.
    Blocked,
    /// It shuts down.
    Stopping,
    /// It has ended, as requested.
    Stopped,
    /// It could not start, or the server rejected its polls.
    Failed {
        /// The error of [`Worker::run`](crate::Worker::run).
        reason: String,
    },
}

impl WorkerHealth {
    /// Whether the process is of use: not if the worker has ended or is [blocked](WorkerState::Blocked). A probe of
    /// liveness asks for this; a server that is unreachable is no reason to restart a worker.
    ///
    /// ```
    /// # use durably::worker::WorkerHandle;
    /// fn restart_me(worker: &WorkerHandle) -> bool {
    ///     !worker.health().is_live()
    /// }
    /// ```
    pub fn is_live(&self) -> bool {
        match self.state {
            WorkerState::Starting
            | WorkerState::Polling
            | WorkerState::Disconnected { .. }
            | WorkerState::Stopping => true,
            WorkerState::Blocked | WorkerState::Stopped | WorkerState::Failed { .. } => false,
        }
    }

    /// Whether the worker takes tasks. A probe of readiness asks for this.
    ///
    /// ```
    /// # use durably::worker::WorkerHandle;
    /// fn takes_tasks(worker: &WorkerHandle) -> bool {
    ///     worker.health().is_ready()
    /// }
    /// ```
    pub fn is_ready(&self) -> bool {
        matches!(self.state, WorkerState::Polling)
    }
}

/// What the health of one worker is known from; filled when it begins to poll.
#[derive(Default)]
pub(crate) struct Health(OnceLock<Parts>);

struct Parts {
    polls: Vec<Arc<Polls>>,
    is_blocked: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Health {
    /// The worker polls. A worker begins once.
    pub(crate) fn begin(
        &self,
        polls: Vec<Arc<Polls>>,
        is_blocked: impl Fn() -> bool + Send + Sync + 'static,
    ) {
        let is_blocked = Box::new(is_blocked);
        let began = self.0.set(Parts { polls, is_blocked });
        assert!(began.is_ok(), "a worker is consumed when it runs");
    }

    pub(crate) fn of(&self, task_queue: &str, lifecycle: &Lifecycle) -> WorkerHealth {
        let now = Instant::now();
        let parts = self.0.get();
        let polls: Vec<PollStatus> = parts
            .map(|parts| parts.polls.iter().map(|it| it.status(now)).collect())
            .unwrap_or_default();
        let failing = || polls.iter().find_map(|polls| polls.error.clone());
        let state = match lifecycle.phase() {
            Phase::Starting => WorkerState::Starting,
            Phase::Running if parts.is_some_and(|parts| (parts.is_blocked)()) => {
                WorkerState::Blocked
            }
            Phase::Running => match failing() {
                Some(error) => WorkerState::Disconnected { error },
                None => WorkerState::Polling,
            },
            Phase::Stopping
            | Phase::PollsAbandoned
            | Phase::ActivitiesAbandoned
            | Phase::Aborted => WorkerState::Stopping,
            Phase::Ended => match lifecycle.failure() {
                Some(reason) => WorkerState::Failed { reason },
                None => WorkerState::Stopped,
            },
        };
        WorkerHealth {
            task_queue: task_queue.to_owned(),
            state,
            polls,
        }
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(health: &Health, lifecycle: &Lifecycle) -> (WorkerState, bool, bool) {
        let health = health.of("queue", lifecycle);
        let (live, ready) = (health.is_live(), health.is_ready());
        (health.state, live, ready)
    }

    #[test]
    fn each_phase_has_a_state() {
        let (health, lifecycle) = (Health::default(), Lifecycle::default());
        assert_eq!(
            state(&health, &lifecycle),
            (WorkerState::Starting, true, false)
        );
        health.begin(Vec::new(), || false);
        lifecycle.advance(Phase::Running);
        assert_eq!(
            state(&health, &lifecycle),
            (WorkerState::Polling, true, true)
        );
        lifecycle.advance(Phase::Stopping);
        assert_eq!(
            state(&health, &lifecycle),
            (WorkerState::Stopping, true, false)
        );
        lifecycle.end(None);
        assert_eq!(
            state(&health, &lifecycle),
            (WorkerState::Stopped, false, false)
        );
    }

    #[test]
    fn a_worker_that_is_blocked_or_failed_is_not_live() {
        let (health, lifecycle) = (Health::default(), Lifecycle::default());
        health.begin(Vec::new(), || true);
        lifecycle.advance(Phase::Running);
        assert_eq!(
            state(&health, &lifecycle),
            (WorkerState::Blocked, false, false)
        );
        lifecycle.end(Some("rejected".to_owned()));
        let reason = "rejected".to_owned();
        assert_eq!(
            state(&health, &lifecycle),
            (WorkerState::Failed { reason }, false, false)
        );
    }
}

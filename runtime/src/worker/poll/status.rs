//! What is known of the polls of one queue: how many are open, when one was answered, why one failed.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Instant, SystemTime},
};

use super::LONG_ENOUGH;
use crate::{
    wire::{status::CallError, worker_heartbeat::PollerInfo},
    worker::options::PollerLimit,
};

/// The queues that a worker polls.
///
/// ```
/// use durably::worker::{PollKind, WorkerHealth};
///
/// fn polls_for_activities(health: &WorkerHealth) -> bool {
///     health.polls.iter().any(|polls| polls.kind == PollKind::Activities)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PollKind {
    /// Workflow tasks of the task queue.
    Workflows,
    /// Workflow tasks of the runs that this worker has cached.
    CachedWorkflows,
    /// Activities of the task queue.
    Activities,
}

/// The polls of one queue.
///
/// ```
/// use std::time::Duration;
///
/// use durably::worker::PollStatus;
///
/// fn describe(polls: &PollStatus) -> String {
///     let last = polls.last_success.and_then(|at| at.elapsed().ok());
///     let error = polls.error.as_deref().unwrap_or("none");
///     format!("{:?}: {} open, last answer {last:?} ago, error: {error}", polls.kind, polls.open)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PollStatus {
    /// Which queue they are for.
    pub kind: PollKind,
    /// How many wait for a task now.
    pub open: usize,
    /// When the server last answered one, with a task or without. An idle queue is answered after a minute.
    pub last_success: Option<SystemTime>,
    /// Why they fail; none while they do not.
    pub error: Option<String>,
}

/// What is known of the polls of one queue.
#[derive(Debug)]
pub(crate) struct Polls {
    kind: PollKind,
    is_scaled: bool,
    open: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last_success: Option<SystemTime>,
    failing: Option<Failing>,
}

#[derive(Debug)]
struct Failing {
    error: String,
    /// When the server was found to be reachable again. A poll that stays open from then on does not fail.
    reachable: Option<Instant>,
}

impl Polls {
    pub(crate) fn new(kind: PollKind, limit: PollerLimit) -> Self {
        Self {
            kind,
            is_scaled: matches!(limit, PollerLimit::Scaled(_)),
            open: AtomicUsize::new(0),
            state: Mutex::default(),
        }
    }

    /// Counts a poll until what is returned is dropped.
    pub(super) fn open(self: &Arc<Self>) -> OpenPoll {
        self.open.fetch_add(1, Ordering::Relaxed);
        OpenPoll(Arc::clone(self))
    }

    pub(super) fn succeeded(&self) {
        *self.state() = State {
            last_success: Some(SystemTime::now()),
            failing: None,
        };
    }

    pub(super) fn failed(&self, error: &CallError) {
        self.state().failing = Some(Failing {
            error: format!("{} ({:?})", error.message(), error.code()),
            reachable: None,
        });
    }

    /// Whether the last poll has failed, and no later one is known to be accepted.
    pub(super) fn has_lost_server(&self) -> bool {
        let state = self.state();
        let failing = state.failing.as_ref();
        failing.is_some_and(|failing| failing.reachable.is_none())
    }

    pub(super) fn found_server(&self, now: Instant) {
        if let Some(failing) = &mut self.state().failing {
            failing.reachable = Some(now);
        }
    }

    /// The same for a heartbeat of the worker; none if these polls are of another kind.
    pub(crate) fn info(&self, kind: PollKind, now: Instant) -> Option<PollerInfo> {
        (kind == self.kind).then(|| {
            let status = self.status(now);
            PollerInfo {
                open: status.open,
                last_success: status.last_success,
                is_scaled: self.is_scaled,
            }
        })
    }

    pub(crate) fn status(&self, now: Instant) -> PollStatus {
        let open = self.open.load(Ordering::Relaxed);
        let mut state = self.state();
        let stays_open = |failing: &mut Failing| {
            failing
                .reachable
                .is_some_and(|at| open > 0 && now.saturating_duration_since(at) >= LONG_ENOUGH)
        };
        state.failing.take_if(stays_open);
        PollStatus {
            kind: self.kind,
            open,
            last_success: state.last_success,
            error: state.failing.as_ref().map(|it| it.error.clone()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A poll that waits for its answer.
pub(super) struct OpenPoll(Arc<Polls>);

impl Drop for OpenPoll {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tonic::Status;

    use super::*;

    fn failed() -> Arc<Polls> {
        let polls = Arc::new(Polls::new(PollKind::Activities, PollerLimit::UpTo(5)));
        polls.failed(&Status::unavailable("gone").into());
        polls
    }

    #[test]
    fn an_answer_ends_a_failure() {
        let polls = failed();
        let now = Instant::now();
        let status = polls.status(now);
        assert_eq!(status.error.as_deref(), Some("gone (Unavailable)"));
        assert_eq!(status.last_success, None);
        assert!(polls.has_lost_server());
        polls.succeeded();
        let status = polls.status(now);
        assert_eq!(status.error, None);
        assert!(status.last_success.is_some() && !polls.has_lost_server());
    }

    #[test]
    fn a_poll_that_a_reachable_server_keeps_open_ends_a_failure() {
        let polls = failed();
        let now = Instant::now();
        polls.found_server(now);
        assert!(!polls.has_lost_server());
        let error_after = |passed| polls.status(now + passed).error;
        assert!(error_after(LONG_ENOUGH).is_some(), "no poll is open");
        let open = polls.open();
        assert!(error_after(LONG_ENOUGH / 2).is_some());
        assert_eq!(error_after(LONG_ENOUGH), None);
        assert_eq!(polls.status(now).open, 1);
        drop(open);
        assert_eq!(polls.status(now).open, 0);
    }

    #[test]
    fn a_poll_that_a_reachable_server_refuses_is_a_failure() {
        let polls = failed();
        let now = Instant::now();
        polls.found_server(now);
        polls.failed(&Status::unavailable("overloaded").into());
        let _open = polls.open();
        let status = polls.status(now + LONG_ENOUGH);
        assert_eq!(status.error.as_deref(), Some("overloaded (Unavailable)"));
    }
}

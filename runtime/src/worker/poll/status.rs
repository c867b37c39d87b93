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
    telemetry::{
        measure::Instrument,
        metrics::{PollerKind, WorkerMetrics},
    },
    wire::{
        status::{CallError, Retry},
        worker_heartbeat::PollerInfo,
    },
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
    /// Locked while the number is read and recorded, so that the last one recorded is the present one.
    gauge: Option<Mutex<Instrument>>,
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
    /// Whether the server has answered, if only with a refusal.
    is_answer: bool,
    /// When the server denied a poll, if it did.
    denied: Option<Instant>,
    /// From when on the server is known to be reachable, and may accept polls. One that stays open from then on does
    /// not fail.
    reachable: Option<Instant>,
}

impl Polls {
    pub(crate) fn new(kind: PollKind, limit: PollerLimit, metrics: &WorkerMetrics) -> Self {
        let gauge = metrics.pollers(match kind {
            PollKind::Workflows => PollerKind::Workflows,
            PollKind::CachedWorkflows => PollerKind::CachedWorkflows,
            PollKind::Activities => PollerKind::Activities,
        });
        Self {
            gauge: gauge.map(Mutex::new),
            kind,
            is_scaled: matches!(limit, PollerLimit::Scaled(_)),
            open: AtomicUsize::new(0),
            state: Mutex::default(),
        }
    }

    /// Counts a poll until what is returned is dropped.
    pub(super) fn open(self: &Arc<Self>, now: Instant) -> OpenPoll {
        if let Some(failing) = &mut self.state().failing
            && failing.is_answer
        {
            failing.reachable.get_or_insert(now);
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        self.measure();
        OpenPoll(Arc::clone(self))
    }

    fn measure(&self) {
        if let Some(gauge) = &self.gauge {
            let gauge = gauge.lock().unwrap_or_else(PoisonError::into_inner);
            gauge.set(self.open.load(Ordering::Relaxed));
        }
    }

    /// A poll was answered that was sent at this time. One that was sent before another one was denied says nothing
    /// about the next.
    pub(super) fn succeeded(&self, sent: Instant) {
        let mut state = self.state();
        state.last_success = Some(SystemTime::now());
        state
            .failing
            .take_if(|it| it.denied.is_none_or(|at| sent > at));
    }

    pub(super) fn failed(&self, error: &CallError) {
        self.state().failing = Some(Failing {
            error: format!("{} ({:?})", error.message(), error.code()),
            is_answer: error.is_answer(),
            denied: (error.retry() == Retry::IfAllowed).then(Instant::now),
            reachable: None,
        });
    }

    /// Whether nothing is known of the server since a poll found it unreachable. A refusal comes from a server that
    /// is reachable.
    pub(super) fn needs_reachability_check(&self) -> bool {
        let state = self.state();
        let failing = state.failing.as_ref();
        failing.is_some_and(|it| !it.is_answer && it.reachable.is_none())
    }

    pub(super) fn record_reachable(&self, now: Instant) {
        if let Some(failing) = &mut self.state().failing {
            failing.reachable = Some(now);
        }
    }

    /// The state of the polls for a heartbeat of the worker; none if they are of another kind.
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
        // A worker whose slots are all in use has no poll that could be answered.
        let is_over = |failing: &mut Failing| {
            failing
                .reachable
                .is_some_and(|at| now.saturating_duration_since(at) >= LONG_ENOUGH)
        };
        state.failing.take_if(is_over);
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
        self.0.measure();
    }
}

#[cfg(test)]
mod tests {
    use tonic::Status;

    use super::*;

    fn failed() -> Arc<Polls> {
        let polls = Arc::new(Polls::new(
            PollKind::Activities,
            PollerLimit::UpTo(5),
            &WorkerMetrics::default(),
        ));
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
        assert!(polls.needs_reachability_check());
        polls.succeeded(Instant::now());
        let status = polls.status(now);
        assert_eq!(status.error, None);
        assert!(status.last_success.is_some() && !polls.needs_reachability_check());
    }

    #[test]
    fn an_answer_to_a_poll_that_was_sent_before_a_denial_does_not_end_it() {
        let polls = failed();
        let before = Instant::now();
        polls.failed(&Status::permission_denied("no").into());
        polls.succeeded(before);
        let status = polls.status(Instant::now());
        assert_eq!(status.error.as_deref(), Some("no (PermissionDenied)"));
        assert!(status.last_success.is_some());
        polls.succeeded(Instant::now() + LONG_ENOUGH);
        assert_eq!(polls.status(Instant::now()).error, None);
    }

    #[test]
    fn a_server_that_is_reachable_for_a_while_ends_a_failure() {
        let polls = failed();
        let now = Instant::now();
        polls.record_reachable(now);
        assert!(!polls.needs_reachability_check());
        let open = polls.open(now);
        let error_after = |passed| polls.status(now + passed).error;
        assert!(error_after(LONG_ENOUGH / 2).is_some());
        assert_eq!(polls.status(now).open, 1);
        drop(open);
        assert_eq!(error_after(LONG_ENOUGH), None, "all slots are in use");
        assert_eq!(polls.status(now).open, 0);
    }

    #[test]
    fn a_poll_that_a_reachable_server_refuses_is_a_failure() {
        let polls = failed();
        let now = Instant::now();
        polls.record_reachable(now);
        polls.failed(&Status::unavailable("overloaded").into());
        let _open = polls.open(now);
        let status = polls.status(now + LONG_ENOUGH);
        assert_eq!(status.error.as_deref(), Some("overloaded (Unavailable)"));
    }

    #[test]
    fn a_busy_server_is_polled_without_a_check_and_is_failing_until_it_accepts_a_poll() {
        let polls = failed();
        let now = Instant::now();
        polls.failed(&Status::resource_exhausted("too many").into());
        assert!(!polls.needs_reachability_check());
        let later = now + LONG_ENOUGH * 9;
        assert!(polls.status(later).error.is_some(), "it pauses");
        let _open = polls.open(later);
        assert!(polls.status(later).error.is_some());
        assert_eq!(polls.status(later + LONG_ENOUGH).error, None);
    }
}

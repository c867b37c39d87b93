//! Pauses between the attempts of workflow tasks that keep failing.
//!
//! The server hands a failed task out again at once. Its attempt number says how often it failed, but
//! not always: it starts over when events arrive meanwhile, or when the run was cached. So a worker
//! counts for itself as well, and a run that fails here is not run again before its pause is over,
//! whatever the server hands out.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use durably_proto::api::workflowservice::v1::PollWorkflowTaskQueueResponse;

use super::{intake, ticket::Ticket};
use crate::worker::shared::{Phase, Shared};

/// The shortest pause after a second failure, also for a task with hardly any time.
const SHORTEST: Duration = Duration::from_millis(500);
/// How long a run that did not come up again is remembered.
const MEMORY: Duration = Duration::from_secs(300);

/// The runs whose tasks fail on one worker.
#[derive(Default)]
pub(crate) struct FailingRuns {
    runs: Mutex<HashMap<String, Failing>>,
    /// Whether there may be any; most workers never have one.
    any: AtomicBool,
}

struct Failing {
    /// Failures since the last task that succeeded.
    failures: u32,
    /// End of the pause.
    until: Instant,
    /// The latest task that arrived during the pause; the server has given up those before it.
    early: Option<Box<PollWorkflowTaskQueueResponse>>,
}

impl FailingRuns {
    /// Counts a failure of the run; returns how long its answer is withheld.
    pub(crate) fn failed(&self, ticket: &Ticket) -> Duration {
        let now = Instant::now();
        let mut runs = self.runs();
        runs.retain(|_, run| run.early.is_some() || now < run.until + MEMORY);
        let run = runs.entry(ticket.run_id.clone()).or_insert(Failing {
            failures: 0,
            until: now,
            early: None,
        });
        run.failures = run.failures.saturating_add(1);
        let pause = pause(run.failures.max(ticket.attempt), ticket);
        run.until = now + pause;
        self.any.store(true, Ordering::Relaxed);
        pause
    }

    /// The run's task succeeded.
    pub(crate) fn succeeded(&self, run_id: &str) {
        if self.any.load(Ordering::Relaxed) {
            let mut runs = self.runs();
            runs.remove(run_id);
            self.any.store(!runs.is_empty(), Ordering::Relaxed);
        }
    }

    /// Keeps a task until the pause of its run is over; returns it if there is none. A query is not
    /// kept: it is asked once.
    pub(crate) fn keep(
        &self,
        shared: &Arc<Shared>,
        task: Box<PollWorkflowTaskQueueResponse>,
    ) -> Option<Box<PollWorkflowTaskQueueResponse>> {
        if !self.any.load(Ordering::Relaxed) || task.query.is_some() {
            return Some(task);
        }
        let run_id = task.workflow_execution.as_ref()?.run_id.clone();
        let mut runs = self.runs();
        let Some(run) = runs.get_mut(&run_id) else {
            return Some(task);
        };
        let until = run.until;
        if until <= Instant::now() {
            return Some(task);
        }
        if run.early.replace(task).is_none() {
            let shared = Arc::clone(shared);
            shared.clone().net.spawn(async move {
                tokio::select! {
                    () = shared.sleep_until(until) => {}
                    () = shared.reached(Phase::Stopping) => {}
                }
                let early = shared.failing_runs.take_early(&run_id);
                if let Some(task) = early {
                    let permit = shared.workflow_slots.acquire().await;
                    intake::hand_in(&shared, task, permit);
                }
            });
        }
        None
    }

    fn take_early(&self, run_id: &str) -> Option<Box<PollWorkflowTaskQueueResponse>> {
        self.runs().get_mut(run_id)?.early.take()
    }

    fn runs(&self) -> MutexGuard<'_, HashMap<String, Failing>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// After so many failures: 0, 1, 2, 4, then 8 seconds, and not so long that the server would take the
/// task for lost.
fn pause(failures: u32, ticket: &Ticket) -> Duration {
    let Some(repeated) = failures.checked_sub(2) else {
        return Duration::ZERO;
    };
    let pause = Duration::from_secs(1 << repeated.min(3));
    let left = (ticket.timeout / 5 * 4).saturating_sub(ticket.since.elapsed());
    pause.min(left).max(SHORTEST)
}

#[cfg(test)]
mod tests {
    use durably_proto::{
        api::{
            common::v1::WorkflowExecution,
            history::v1::{
                History, HistoryEvent, WorkflowTaskScheduledEventAttributes,
                history_event::Attributes,
            },
        },
        wkt,
    };

    use super::*;

    /// A task of this attempt, which has so many seconds.
    fn ticket(attempt: i32, seconds: Option<i64>) -> Ticket {
        let scheduled = WorkflowTaskScheduledEventAttributes {
            start_to_close_timeout: seconds.map(|seconds| wkt::Duration { seconds, nanos: 1 }),
            ..Default::default()
        };
        let scheduled = Attributes::WorkflowTaskScheduledEventAttributes(scheduled);
        let events = vec![HistoryEvent {
            attributes: Some(scheduled),
            ..Default::default()
        }];
        let mut task = PollWorkflowTaskQueueResponse {
            attempt,
            workflow_execution: Some(WorkflowExecution {
                run_id: "run".to_owned(),
                ..Default::default()
            }),
            history: Some(History { events }),
            ..Default::default()
        };
        Ticket::take(&mut task)
    }

    fn first_pause(attempt: i32, seconds: Option<i64>) -> Duration {
        FailingRuns::default().failed(&ticket(attempt, seconds))
    }

    #[test]
    fn pauses_grow_with_the_attempts_and_leave_time_to_give_the_task_back() {
        let seconds = [1, 2, 3, 4].map(|attempt| first_pause(attempt, None).as_secs());
        assert_eq!(seconds, [0, 1, 2, 4]);
        assert!(first_pause(9, None) <= Duration::from_secs(8));
        assert!(first_pause(9, Some(3)) <= Duration::from_millis(2_401));
        assert_eq!(first_pause(9, Some(60)).as_secs(), 8);
        assert_eq!(first_pause(9, Some(i64::MAX)).as_secs(), 8);
    }

    #[test]
    fn a_task_with_hardly_any_time_has_a_pause_too() {
        assert_eq!(first_pause(2, Some(0)), SHORTEST);
    }

    #[test]
    fn pauses_grow_also_when_the_server_counts_from_one_each_time() {
        let failing = FailingRuns::default();
        let again = |failing: &FailingRuns| failing.failed(&ticket(1, None)).as_secs();
        assert_eq!([0; 4].map(|_| again(&failing)), [0, 1, 2, 4]);
        failing.succeeded("run");
        assert_eq!(again(&failing), 0);
    }
}

//! Pauses between the attempts of workflow tasks that keep failing.
//!
//! The server hands a failed task out again at once. Its attempt number says how often it failed, but
//! not always: it starts over when events arrive meanwhile, or when the run was cached. So a worker
//! counts for itself as well, and a run that fails here is not run again before its pause is over,
//! whatever the server hands out.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::task_info::TaskInfo;
use crate::wire::workflow_task::PolledTask;

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
    early: Option<PolledTask>,
}

/// Whether a task is kept because its run is in a pause.
pub(crate) enum Held {
    /// It is not, and can be worked on.
    No(PolledTask),
    /// It is; the caller has to release it then, by the id of its run.
    Until(Instant, String),
    /// It replaces an earlier one, whose release is due already.
    WithEarlier,
}

impl FailingRuns {
    /// Counts a failure of the run; returns how long its answer is withheld.
    pub(crate) fn failed(&self, task: &TaskInfo) -> Duration {
        let now = Instant::now();
        let mut runs = self.runs();
        runs.retain(|_, run| run.early.is_some() || now < run.until + MEMORY);
        let run = runs.entry(task.run_id.clone()).or_insert(Failing {
            failures: 0,
            until: now,
            early: None,
        });
        run.failures = run.failures.saturating_add(1);
        let pause = pause(run.failures.max(task.attempt), task);
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

    /// Keeps a task until the pause of its run is over. A query is not kept: its caller waits, and asks
    /// once.
    pub(crate) fn hold(&self, task: PolledTask) -> Held {
        if !self.any.load(Ordering::Relaxed) || task.is_query_only() {
            return Held::No(task);
        }
        let run_id = task.run_id().to_owned();
        let mut runs = self.runs();
        let Some(run) = runs.get_mut(&run_id) else {
            return Held::No(task);
        };
        if run.until <= Instant::now() {
            return Held::No(task);
        }
        match run.early.replace(task) {
            None => Held::Until(run.until, run_id),
            Some(_) => Held::WithEarlier,
        }
    }

    /// The task that was kept during the pause of a run that is over.
    pub(crate) fn release(&self, run_id: &str) -> Option<PolledTask> {
        self.runs().get_mut(run_id)?.early.take()
    }

    fn runs(&self) -> MutexGuard<'_, HashMap<String, Failing>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// After so many failures: 0, 1, 2, 4, then 8 seconds, and not so long that the server would take the
/// task for lost.
fn pause(failures: u32, task: &TaskInfo) -> Duration {
    let Some(repeated) = failures.checked_sub(2) else {
        return Duration::ZERO;
    };
    let pause = Duration::from_secs(1 << repeated.min(3));
    let left = (task.timeout / 5 * 4).saturating_sub(task.since.elapsed());
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
            workflowservice::v1::PollWorkflowTaskQueueResponse,
        },
        wkt,
    };

    use super::*;

    /// A task of this attempt, which has so many seconds.
    fn task(attempt: i32, seconds: Option<i64>) -> TaskInfo {
        let scheduled = WorkflowTaskScheduledEventAttributes {
            start_to_close_timeout: seconds.map(|seconds| wkt::Duration { seconds, nanos: 1 }),
            ..Default::default()
        };
        let scheduled = Attributes::WorkflowTaskScheduledEventAttributes(scheduled);
        let events = vec![HistoryEvent {
            attributes: Some(scheduled),
            ..Default::default()
        }];
        let task = PollWorkflowTaskQueueResponse {
            task_token: b"token".to_vec(),
            attempt,
            workflow_execution: Some(WorkflowExecution {
                run_id: "run".to_owned(),
                ..Default::default()
            }),
            history: Some(History { events }),
            ..Default::default()
        };
        TaskInfo::take(&mut PolledTask::new(task).unwrap())
    }

    fn first_pause(attempt: i32, seconds: Option<i64>) -> Duration {
        FailingRuns::default().failed(&task(attempt, seconds))
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
        let again = |failing: &FailingRuns| failing.failed(&task(1, None)).as_secs();
        assert_eq!([0; 4].map(|_| again(&failing)), [0, 1, 2, 4]);
        failing.succeeded("run");
        assert_eq!(again(&failing), 0);
    }
}

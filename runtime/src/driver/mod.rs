//! One run and one of its tasks: history in, user code, commands out.

pub(crate) mod instance;
pub(crate) mod local;
mod run;
mod times;

#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use durably_engine::{Completion, EngineError, EventId, Job, QueryAnswer, QueryRequest, Run, Task};

use self::{
    instance::{Instance, TaskFailure, WorkerInfo, WorkflowEntry},
    local::Local,
    times::Times,
};
use crate::{activity::CancelReason, instance::core::Issued};

/// How far a driver came with its task.
#[expect(
    clippy::large_enum_variant,
    reason = "it is moved once a task; a box would be one allocation more for each"
)]
pub(crate) enum Progress {
    /// To its end.
    Done(Completion),
    /// To the end of a turn: a long replay goes on when it is called again.
    TurnOver,
    /// To a wait for local activities, or to the end of a turn when one of them has ended. User code has seen
    /// all of the task.
    WaitsForLocal,
}

static NEXT_TASK: AtomicU64 = AtomicU64::new(1);

/// The replay of one run, and its user code.
pub(crate) struct Driver {
    run: Run,
    instance: Box<dyn Instance>,
    times: Times,
    /// The local activities that its task waits for.
    local: Local,
    /// Counts the tasks of this driver.
    tasks: u64,
    /// The number of the last task, unique in the process: by it a late response to an earlier task, or to
    /// one of a driver that this one replaced, is recognised.
    task: u64,
    /// Whether the last task was declined; cleared when one begins.
    declined: bool,
}

impl Driver {
    pub(crate) fn new(entry: &WorkflowEntry, host: WorkerInfo) -> Self {
        Self {
            run: Run::new(),
            times: Times::default(),
            local: Local::new(Arc::clone(&host.local), host.executor.clone()),
            instance: (entry.start)(host),
            tasks: 0,
            task: 0,
            declined: false,
        }
    }

    /// Whether the history of `task` continues where this run stopped.
    pub(crate) fn continues(&self, task: &Task) -> bool {
        self.run.continues(task)
    }

    /// Whether `task` came too late to be worth an answer: the run has handled a later one.
    ///
    /// Only once in a row. A server that lost the end of a history, in a failover between clusters, hands
    /// the number of an earlier task out again, and again after its timeout.
    pub(crate) fn declines(&mut self, task: &Task) -> bool {
        let declines = self.run.is_past(task) && !self.declined;
        self.declined |= declines;
        declines
    }

    /// Begins a task, for [`advance`](Self::advance). After an error of either the driver must be
    /// dropped.
    ///
    /// # Errors
    /// If its history does not follow.
    pub(crate) fn begin(&mut self, task: Task) -> Result<(), EngineError> {
        self.tasks += 1;
        self.task = NEXT_TASK.fetch_add(1, Ordering::Relaxed);
        self.declined = false;
        self.run.handle_task(task)
    }

    /// Replaces the task in hand by the one that the server gave for a heartbeat.
    ///
    /// # Errors
    /// If its history does not follow that of the task in hand.
    pub(crate) fn prolong(&mut self, task: Task) -> Result<(), EngineError> {
        self.run.prolong(task)
    }

    /// Works on the task until it is done, until its run waits for local activities, or until `goes_on`, which
    /// is called before each activation, returns false. The end of a local activity begins an activation, too.
    ///
    /// # Errors
    /// Why the task fails, in the caller's words.
    pub(crate) fn advance<E: From<EngineError> + From<TaskFailure>>(
        &mut self,
        mut goes_on: impl FnMut() -> bool,
    ) -> Result<Progress, E> {
        let mut intents = Vec::new();
        loop {
            if self.run.is_between_slices() && !goes_on() {
                return Ok(Progress::TurnOver);
            }
            let Some(job) = self.run.poll_job() else {
                if self.run.is_live() {
                    self.local.handle(&mut self.run)?;
                }
                if !self.run.is_live() || self.local.is_idle() {
                    return Ok(Progress::Done(self.run.finish()?));
                }
                // A result wakes the executor, which advances the run after the other work of its thread.
                if !self.local.has_results() || !goes_on() {
                    return Ok(Progress::WaitsForLocal);
                }
                if let Some(result) = self.local.take_result() {
                    self.run.resolve_local(result);
                }
                continue;
            };
            if let Job::Query {
                id,
                name,
                input,
                header,
            } = job
            {
                // A query that comes with a task is an activation after those of the task, which can no longer
                // be turned over.
                if self.run.is_live() {
                    goes_on();
                }
                let answer = self.instance.query(QueryRequest {
                    id: id.clone(),
                    name,
                    input,
                    header,
                });
                self.run.answer(id, answer.map_err(|failure| *failure));
                continue;
            }
            self.times.read(&job);
            self.instance.handle(job, &mut intents)?;
            for Issued { intent, place } in intents.drain(..) {
                self.run.issue(intent, place);
            }
        }
    }

    /// Answers a task that consists of a query, between two tasks or while the run waits for local activities. After
    /// an error or a panic the driver must be dropped. `activates` is called before each activation.
    ///
    /// # Errors
    /// Why the query cannot be answered, in the caller's words.
    pub(crate) fn query<E: From<EngineError> + From<TaskFailure>>(
        &mut self,
        task: Task,
        mut activates: impl FnMut(),
    ) -> Result<QueryAnswer, E> {
        self.begin(task)?;
        let goes_on = || {
            activates();
            true
        };
        match self.advance::<E>(goes_on)? {
            Progress::Done(Completion::Query(answer)) => Ok(answer),
            Progress::Done(Completion::Task(_)) | Progress::TurnOver | Progress::WaitsForLocal => {
                let text = "the server sent a query with a task that does more than ask";
                Err(TaskFailure::fault(text).into())
            }
        }
    }

    /// Completes the task, as far as it is, while its run waits for local activities. The run goes on with its
    /// next task.
    ///
    /// # Errors
    /// Why the task fails.
    pub(crate) fn complete(&mut self) -> Result<Completion, EngineError> {
        self.run.finish()
    }

    /// Cancels the local activities of a run that is about to be dropped.
    pub(crate) fn cancel_local(&self, reason: CancelReason) {
        self.local.cancel_all(reason);
    }

    /// How long the run has existed, by the server's clock.
    pub(crate) fn age(&self) -> Option<Duration> {
        self.times.age()
    }

    /// How long it took to replay the run, once after each replay.
    pub(crate) fn take_replayed(&mut self) -> Option<Duration> {
        self.times.take_replayed()
    }

    /// Whether a local activity has ended, and the run has not taken its result.
    pub(crate) fn has_local_results(&self) -> bool {
        self.local.has_results()
    }

    /// Whether the task in hand has answered queries.
    pub(crate) fn has_answers(&self) -> bool {
        self.run.has_answers()
    }

    /// Logs, once, a wake from outside of the run that came between its tasks.
    pub(crate) fn log_foreign_wake(&self) {
        self.instance.log_foreign_wake();
    }

    /// The last event that was read: the end of what user code has been given.
    #[cfg(feature = "replay")]
    pub(crate) fn last_event(&self) -> EventId {
        self.run.last_event()
    }

    /// How many tasks this driver has begun.
    pub(crate) fn tasks(&self) -> u64 {
        self.tasks
    }

    /// The number of the last task.
    pub(crate) fn task(&self) -> u64 {
        self.task
    }

    /// The server dropped the last task from history: go on after an earlier one.
    pub(crate) fn reset_to(&mut self, started: EventId) {
        self.run.reset_to(started);
    }
}

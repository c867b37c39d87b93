//! One run and one of its tasks: history in, user code, commands out.

use durably_engine::{Completion, EngineError, EventId, Job, Run, Task};

use crate::workflow::instance::{Host, Instance, TaskFailure, WorkflowEntry};

/// The replay of one run, and its user code.
pub(crate) struct Driver {
    run: Run,
    instance: Box<dyn Instance>,
    /// Counts the tasks this driver took, so that a late word about one of them is known as such.
    tasks: u64,
}

impl Driver {
    pub(crate) fn new(entry: &WorkflowEntry, host: Host) -> Self {
        Self {
            run: Run::new(),
            instance: (entry.start)(host),
            tasks: 0,
        }
    }

    /// Whether the history of `task` goes on where this run stopped.
    pub(crate) fn continues(&self, task: &Task) -> bool {
        self.run.continues(task)
    }

    /// Takes a task in, for [`advance`](Self::advance). After a failure of either the driver must be
    /// dropped.
    ///
    /// # Errors
    /// If its history does not follow.
    pub(crate) fn begin(&mut self, task: Task) -> Result<(), EngineError> {
        self.tasks += 1;
        self.run.handle_task(task)
    }

    /// Replaces the task in hand by the one that the server gave for a heartbeat.
    ///
    /// # Errors
    /// If its history does not follow that of the task in hand.
    pub(crate) fn prolong(&mut self, task: Task) -> Result<(), EngineError> {
        self.run.prolong(task)
    }

    /// Works on the task until it is done, and returns its completion, or until `goes_on`, which is
    /// called before each activation, returns false.
    ///
    /// # Errors
    /// Why the task fails, in the caller's words.
    pub(crate) fn advance<E: From<EngineError> + From<TaskFailure>>(
        &mut self,
        mut goes_on: impl FnMut() -> bool,
    ) -> Result<Option<Completion>, E> {
        let mut intents = Vec::new();
        loop {
            if self.run.is_between_slices() && !goes_on() {
                return Ok(None);
            }
            let Some(job) = self.run.poll_job() else {
                return Ok(Some(self.run.finish()?));
            };
            if let Job::Query {
                id, name, input, ..
            } = job
            {
                let answer = self.instance.query(&name, input);
                self.run.answer(id, answer.map_err(|failure| *failure));
                continue;
            }
            self.instance.handle(job, &mut intents)?;
            for intent in intents.drain(..) {
                self.run.issue(intent);
            }
        }
    }

    /// Tells of a wake from outside of the run that came between its tasks; once.
    pub(crate) fn tell_of_foreign_wake(&self) {
        self.instance.tell_of_foreign_wake();
    }

    /// The number of the last task.
    pub(crate) fn tasks(&self) -> u64 {
        self.tasks
    }

    /// The server dropped the last task from history: go on after an earlier one.
    pub(crate) fn reset_to(&mut self, started: EventId) {
        self.run.reset_to(started);
    }
}

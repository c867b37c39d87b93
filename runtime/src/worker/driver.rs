//! One run and one of its tasks: history in, user code, commands out.

use durably_engine::{Completion, EngineError, EventId, Intent, Job, Run, Task};

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

    /// Handles one task. After a failure the driver is of no use any more.
    ///
    /// # Errors
    /// Why the task fails, in the caller's words.
    pub(crate) fn drive<E: From<EngineError> + From<TaskFailure>>(
        &mut self,
        task: Task,
        intents: &mut Vec<Intent>,
    ) -> Result<Completion, E> {
        self.tasks += 1;
        self.run.handle_task(task)?;
        while let Some(job) = self.run.poll_job() {
            if let Job::Query {
                id, name, input, ..
            } = job
            {
                let answer = self.instance.query(&name, input);
                self.run.answer(id, answer.map_err(|failure| *failure));
                continue;
            }
            self.instance.handle(job, intents)?;
            for intent in intents.drain(..) {
                self.run.issue(intent);
            }
        }
        Ok(self.run.finish()?)
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

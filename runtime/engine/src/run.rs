//! One run: owns all state.

use std::collections::VecDeque;

use crate::{
    Completion, EngineError, EventId, FailureRecord, Intent, Job, Payload, QueryAnswer, Task,
    TaskCompletion,
};

/// The replay of one run, kept between its tasks.
#[derive(Debug, Default)]
pub struct Run {
    jobs: VecDeque<Job>,
    answers: Vec<QueryAnswer>,
}

impl Run {
    /// A run that nothing is known of yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the history of `task` goes on where this run stopped.
    pub fn continues(&self, task: &Task) -> bool {
        let _ = task;
        true
    }

    /// Takes the next task in.
    ///
    /// # Errors
    /// [`EngineError::CacheMiss`] if history does not go on where this run stopped;
    /// [`EngineError::UnknownEvent`] and [`EngineError::MalformedHistory`] if it cannot be read.
    pub fn handle_task(&mut self, task: Task) -> Result<(), EngineError> {
        let _ = task;
        Ok(())
    }

    /// The next thing to tell user code; none when the task is done or has failed.
    pub fn poll_job(&mut self) -> Option<Job> {
        self.jobs.pop_front()
    }

    /// Takes in what user code asked for.
    pub fn issue(&mut self, intent: Intent) {
        let _ = intent;
    }

    /// Takes in the answer to a query.
    pub fn answer(&mut self, id: String, result: Result<Payload, FailureRecord>) {
        self.answers.push(QueryAnswer { id, result });
    }

    /// What to answer the server.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] if replay took another path than history.
    pub fn finish(&mut self) -> Result<Completion, EngineError> {
        Ok(Completion::Task(TaskCompletion::default()))
    }

    /// The server dropped the last task from history: go on after an earlier one.
    pub fn reset_to(&mut self, started: EventId) {
        let _ = started;
    }
}

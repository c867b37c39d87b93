//! Runs workflows and activities for one task queue.

use crate::{ActivitySet, Client, FreeActivity, Result, Text, Workflow};

/// Polls one task queue and runs what it is given.
pub struct Worker {}
impl Worker {
    /// A worker for `task_queue`, with nothing registered.
    pub fn new(_client: &Client, _task_queue: impl Text) -> Self {
        unimplemented!()
    }
    /// Registers a workflow type.
    pub fn workflow<W: Workflow>(self) -> Self {
        unimplemented!()
    }
    /// Registers an activity function.
    pub fn activity<A: FreeActivity>(self) -> Self {
        unimplemented!()
    }
    /// Registers the activities of a value.
    pub fn activities<S: ActivitySet>(self, _set: S) -> Self {
        unimplemented!()
    }
    /// Runs until the process is told to stop (ctrl-c) or [`WorkerHandle::shutdown`] is called.
    pub async fn run(self) -> Result<()> {
        unimplemented!()
    }
}

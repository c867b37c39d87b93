//! The workers of a connection, for starts whose first task comes in the response.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use crate::wire::workflow_task::PolledTask;

/// A worker that takes first tasks.
pub(crate) trait FirstTasks: Send + Sync {
    /// Holds a slot for the first task of a workflow of this type; none if this worker cannot take it now.
    fn reserve(&self, task_queue: &str, workflow_type: &str) -> Option<FirstTask>;
}

/// Takes the task. Dropped without one, it frees its slot.
pub(crate) type FirstTask = Box<dyn FnOnce(PolledTask) + Send>;

/// The workers of this process that use the connection and namespace of one client.
#[derive(Default)]
pub(crate) struct EagerStarts(Mutex<Vec<Weak<dyn FirstTasks>>>);

impl EagerStarts {
    /// Adds a worker, until it is dropped.
    pub(crate) fn add(&self, worker: Weak<dyn FirstTasks>) {
        let mut workers = self.workers();
        workers.retain(|worker| worker.strong_count() > 0);
        workers.push(worker);
    }

    /// A slot of the first worker that has one.
    pub(crate) fn reserve(&self, task_queue: &str, workflow_type: &str) -> Option<FirstTask> {
        // A worker that is dropped here must not meet the lock.
        let workers: Vec<Arc<dyn FirstTasks>> =
            self.workers().iter().filter_map(Weak::upgrade).collect();
        let mut workers = workers.iter();
        workers.find_map(|worker| worker.reserve(task_queue, workflow_type))
    }

    fn workers(&self) -> MutexGuard<'_, Vec<Weak<dyn FirstTasks>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for EagerStarts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EagerStarts").finish_non_exhaustive()
    }
}

//! Counts the tasks of one kind that a worker has worked on, for its heartbeats.

use std::sync::atomic::{AtomicU64, Ordering};

/// Tasks of one kind whose work has ended, since the worker started.
#[derive(Debug, Default)]
pub(crate) struct TaskCounts {
    /// However they ended: those that failed are among them.
    processed: AtomicU64,
    failed: AtomicU64,
}

impl TaskCounts {
    /// Counts a task that has not failed: it is completed or cancelled, or another worker goes on with it.
    pub(crate) fn add_processed(&self) {
        self.processed.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a task that has failed.
    pub(crate) fn add_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.add_processed();
    }

    pub(crate) fn processed(&self) -> u64 {
        self.processed.load(Ordering::Relaxed)
    }

    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

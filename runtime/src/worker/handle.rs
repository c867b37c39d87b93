//! Ends a worker from elsewhere.

use std::{fmt, sync::Arc};

use tokio::{sync::watch, task::JoinHandle};

use super::lifecycle::Phase;
use crate::error::Result;

/// Tells a worker to shut down, from anywhere. Cheap to clone.
#[derive(Clone)]
pub struct WorkerHandle {
    pub(crate) phase: Arc<watch::Sender<Phase>>,
}

impl WorkerHandle {
    /// Tells the worker to end in order: no new tasks, running ones to their end, activities told
    /// and waited for. [`Worker::run`](crate::worker::Worker::run) returns when that is done.
    pub fn shutdown(&self) {
        self.phase
            .send_if_modified(|phase| Phase::Stopping.replace_earlier(phase));
    }
}

impl fmt::Debug for WorkerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerHandle").finish_non_exhaustive()
    }
}

/// A worker that runs in the background, from [`Worker::spawn`](crate::worker::Worker::spawn). Dropping the
/// guard tells the worker to end, but does not wait for it.
#[derive(Debug)]
#[must_use = "the worker ends when its guard is dropped"]
pub struct WorkerGuard {
    pub(crate) handle: WorkerHandle,
    pub(crate) running: Option<JoinHandle<Result<()>>>,
}

impl WorkerGuard {
    /// Ends the worker in order, and waits until that is done.
    ///
    /// # Errors
    /// Why the worker ended, if it had ended by itself.
    pub async fn shutdown(mut self) -> Result<()> {
        self.handle.shutdown();
        match self.running.take() {
            Some(running) => running.await?,
            None => Ok(()),
        }
    }

    /// Tells the worker to end, from anywhere.
    pub fn handle(&self) -> WorkerHandle {
        self.handle.clone()
    }
}

impl Drop for WorkerGuard {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

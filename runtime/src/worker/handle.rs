//! Shuts a worker down from outside of its task.

use std::{fmt, sync::Arc};

use tokio::{sync::watch, task::JoinHandle};

use super::lifecycle::Phase;
use crate::error::Result;

/// Shuts a worker down, from any task or thread. Cheap to clone.
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example(client: Client) -> Result<()> {
/// let worker = Worker::new(&client, "greetings");
/// let handle = worker.handle();
/// tokio::spawn(async move {
///     tokio::time::sleep(hours(1)).await;
///     handle.shutdown();
/// });
/// // Returns when it has shut down, after an hour at the latest.
/// worker.run().await
/// # }
/// ```
#[derive(Clone)]
pub struct WorkerHandle {
    pub(crate) phase: Arc<watch::Sender<Phase>>,
}

impl WorkerHandle {
    /// Requests an orderly shutdown: no new tasks are polled, running ones complete, activities are
    /// cancelled and waited for. [`Worker::run`](crate::worker::Worker::run) returns when that is done.
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
/// guard requests its shutdown, without waiting for it.
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example(client: Client) -> Result<()> {
/// let worker = Worker::new(&client, "greetings").spawn().await?;
/// // For code that ends the worker, but does not own it.
/// let handle = worker.handle();
/// // Requests the shutdown, and waits for it.
/// worker.shutdown().await?;
/// # handle.shutdown();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the worker ends when its guard is dropped"]
pub struct WorkerGuard {
    pub(crate) handle: WorkerHandle,
    pub(crate) running: Option<JoinHandle<Result<()>>>,
}

impl WorkerGuard {
    /// Shuts the worker down, and waits until it has ended.
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

    /// A handle that requests the shutdown from any task or thread.
    pub fn handle(&self) -> WorkerHandle {
        self.handle.clone()
    }
}

impl Drop for WorkerGuard {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

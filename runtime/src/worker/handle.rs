//! Shuts a worker down, and looks at its health, from outside of its task.

use std::{fmt, sync::Arc};

use tokio::task::JoinHandle;

use super::{
    health::{Health, WorkerHealth},
    lifecycle::{Lifecycle, Phase},
};
use crate::error::Result;

/// Shuts a worker down, and looks at its health, from any task or thread. Cheap to clone.
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
    pub(crate) task_queue: Arc<str>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) health: Arc<Health>,
}

impl WorkerHandle {
    /// Requests an orderly shutdown: no new tasks are polled, running ones complete, activities are
    /// cancelled and waited for. [`Worker::run`](crate::worker::Worker::run) returns when that is done.
    /// To request it once more changes nothing.
    pub fn shutdown(&self) {
        self.lifecycle.advance(Phase::Stopping);
    }

    /// Ends the worker at once, whatever step of a shutdown it is at: activities that still run are reported as
    /// failed, so that they are retried, workflow tasks are left to other workers, and reports that the server does
    /// not take within a second are lost to its timeouts.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let worker = Worker::new(&client, "greetings").spawn().await?;
    /// let handle = worker.handle();
    /// handle.shutdown();
    /// tokio::time::sleep(secs(5)).await;
    /// handle.shutdown_now();
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown_now(&self) {
        self.lifecycle.advance(Phase::Aborted);
    }

    /// What the worker does now, and whether its polls succeed.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let worker = Worker::new(&client, "greetings").spawn().await?;
    /// if !worker.handle().health().is_ready() {
    ///     println!("no tasks yet");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn health(&self) -> WorkerHealth {
        self.health.of(&self.task_queue, &self.lifecycle)
    }
}

impl fmt::Debug for WorkerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerHandle")
            .field("task_queue", &self.task_queue)
            .finish_non_exhaustive()
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

    /// What the worker does now, and whether its polls succeed.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let worker = Worker::new(&client, "greetings").spawn().await?;
    /// println!("{:?}", worker.health().state);
    /// # Ok(())
    /// # }
    /// ```
    pub fn health(&self) -> WorkerHealth {
        self.handle.health()
    }
}

impl Drop for WorkerGuard {
    fn drop(&mut self) {
        if self.running.is_some() && !self.handle.lifecycle.is_stopping() {
            let task_queue = &*self.handle.task_queue;
            tracing::info!(
                task_queue,
                "the guard of the worker is dropped, which ends it"
            );
        }
        self.handle.shutdown();
    }
}

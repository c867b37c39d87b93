//! Work that may wait for the disk for long: on threads that may block, a few at a time.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinError;

use super::Backend;
use crate::error::{Error, StoreError};

/// Limits how many threads wait for the disk: lists that read much would otherwise take all threads of
/// the runtime, and all memory for the pages that they read.
#[derive(Debug)]
pub(crate) struct DiskThreads(Arc<Semaphore>);

impl Default for DiskThreads {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST_THREADS)))
    }
}

impl Backend {
    /// Runs work on a thread that may block. Work that waits for a thread is dropped with its caller; once
    /// begun, it is completed.
    pub(crate) async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        if self.is_on_one_thread() {
            return work(self);
        }
        let permit = Arc::clone(&self.disk_threads.0).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        self.on_thread(move |backend| {
            // The work, not the caller, keeps the permit.
            let _permit = permit;
            work(backend)
        })
        .await
    }

    /// Closes the store, without waiting for the lists that read from it.
    pub(crate) async fn close_store(&self) -> Result<(), Error> {
        let close = |backend: &Self| {
            backend.store.close();
            Ok(())
        };
        match self.is_on_one_thread() {
            true => close(self),
            false => self.on_thread(close).await,
        }
    }

    /// A second thread would make the order of events differ from run to run, and without the machine's
    /// time there is no disk.
    fn is_on_one_thread(&self) -> bool {
        self.clock.is_simulated() || self.clock.skips()
    }

    async fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let Some(backend) = self.own.upgrade() else {
            return Err(StoreError::Stopped.into());
        };
        let done = self.runtime.spawn_blocking(move || work(&backend));
        done.await.unwrap_or_else(|error| Err(failed(error)))
    }
}

/// The error of a task that has panicked, or that the runtime has dropped.
pub(super) fn failed(error: JoinError) -> Error {
    match error.is_panic() {
        true => StoreError::panicked().into(),
        // The runtime of the server has ended.
        false => StoreError::Stopped.into(),
    }
}

/// As many as the store keeps connections.
const MOST_THREADS: usize = 8;

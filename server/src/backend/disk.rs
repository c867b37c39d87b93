//! Work that may wait for the disk for long: on threads that may block, a few at a time.

use tokio::sync::Semaphore;
use tokio::task::JoinError;

use super::Backend;
use crate::error::{Error, StoreError};

/// Limits how many threads wait for the disk: lists that read much would otherwise take all threads of
/// the runtime, and all memory for the pages that they read.
#[derive(Debug)]
pub(crate) struct DiskThreads(Semaphore);

impl Default for DiskThreads {
    fn default() -> Self {
        Self(Semaphore::new(MOST_THREADS))
    }
}

impl Backend {
    /// Runs work on a thread that may block. It goes on if the caller is dropped.
    pub(crate) async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        if self.clock.is_simulated() || self.clock.skips() {
            // A second thread would make the order of events differ from run to run, and without the
            // machine's time there is no disk.
            return work(self);
        }
        let Some(backend) = self.own.upgrade() else {
            return Err(StoreError::Stopped.into());
        };
        // The task, not the caller, keeps the permit until the work is done.
        let done = self.runtime.spawn(async move {
            let permit = backend.disk_threads.0.acquire().await;
            let _permit = permit.expect("the semaphore is never closed");
            let working = std::sync::Arc::clone(&backend);
            let done = backend.runtime.spawn_blocking(move || work(&working));
            done.await.unwrap_or_else(|error| Err(failed(error)))
        });
        done.await.unwrap_or_else(|error| Err(failed(error)))
    }
}

fn failed(error: JoinError) -> Error {
    match error.is_panic() {
        true => StoreError::panicked().into(),
        // The runtime of the server has ended.
        false => StoreError::Stopped.into(),
    }
}

/// As many as the store keeps connections.
const MOST_THREADS: usize = 8;

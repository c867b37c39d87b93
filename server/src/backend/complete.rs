//! Changes that are completed also if their caller goes away: a client may disconnect at any await.

use std::sync::Arc;

use super::Backend;
use super::disk::failed;
use crate::error::{Error, StoreError};

impl Backend {
    /// Runs a change to its end, also if the caller goes away.
    pub(super) async fn complete<R, F>(
        &self,
        change: impl FnOnce(Arc<Self>) -> F,
    ) -> Result<R, Error>
    where
        R: Send + 'static,
        F: Future<Output = R> + Send + 'static,
    {
        let backend = self.own.upgrade().ok_or(StoreError::Stopped)?;
        let work = self.begin_input();
        let change = change(backend);
        let changed = self.runtime.spawn(async move {
            let changed = change.await;
            drop(work);
            changed
        });
        changed.await.map_err(failed)
    }
}

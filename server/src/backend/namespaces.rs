//! Deletes namespaces: at once for clients and workers, then from the store, in small portions.

use std::sync::Arc;
use std::time::Duration;

use super::Backend;
use crate::error::Error;
use crate::namespace::Namespace;

impl Backend {
    /// Deletes a namespace; returns the name under which it is removed in the background. `delay` is
    /// how long it stays described by that name after its workflows are removed.
    pub(crate) fn delete_namespace(
        &self,
        namespace: &Namespace,
        delay: Duration,
    ) -> Result<Arc<str>, Error> {
        let name = &namespace.name;
        let quiesce = || self.executions.quiesce(name);
        let drop_live = || {
            self.executions.drop_namespace(name);
            self.schedules.drop_namespace(name);
            self.batches.drop_namespace(name);
            self.timers.drop_namespace(name);
        };
        let namespaces = &self.namespaces;
        let deleted = namespaces.delete(&*self.store, namespace, delay, quiesce, drop_live)?;
        self.remove_namespace_later(&deleted);
        Ok(Arc::clone(&deleted.name))
    }

    /// Removes the namespaces that a stopped server has not removed.
    pub(crate) fn recover_deleted_namespaces(&self) {
        for namespace in self.namespaces.all() {
            if namespace.is_deleted() {
                self.remove_namespace_later(&namespace);
            }
        }
    }

    fn remove_namespace_later(&self, deleted: &Arc<Namespace>) {
        let Some(backend) = self.own.upgrade() else {
            return;
        };
        let deleted = Arc::clone(deleted);
        self.runtime.spawn(async move {
            backend.remove_namespace(&deleted).await;
        });
    }

    async fn remove_namespace(&self, deleted: &Arc<Namespace>) {
        let deleted_name = &deleted.name;
        let clear =
            |backend: &Self, name: &str| Ok(backend.store.clear_namespace(name, PORTION)?);
        while self.each_portion(deleted_name, clear).await != Some(0) {
            if self.is_stopping() {
                return;
            }
        }
        let removal_time = loop {
            let namespace = Arc::clone(deleted);
            let schedule = move |backend: &Self, _: &str| {
                namespace.schedule_removal(&*backend.store, backend.clock.now())
            };
            match self.each_portion(deleted_name, schedule).await {
                Some(at) => break at,
                None if self.is_stopping() => return,
                None => {}
            }
        };
        tokio::select! {
            biased;
            () = self.stopped() => return,
            () = tokio::time::sleep(removal_time.since(self.clock.now())) => {}
        }
        let remove = |backend: &Self, name: &str| {
            backend.store.remove_namespace(name)?;
            backend.namespaces.forget(name);
            Ok(())
        };
        while self.each_portion(deleted_name, remove).await.is_none() {
            if self.is_stopping() {
                return;
            }
        }
    }

    /// Does a portion of the removal of a namespace; none after a failure of the store and a pause.
    async fn each_portion<T: Send + 'static>(
        &self,
        deleted_name: &Arc<str>,
        remove: impl FnOnce(&Self, &str) -> Result<T, Error> + Send + 'static,
    ) -> Option<T> {
        let namespace = Arc::clone(deleted_name);
        let removed = self
            .on_disk(move |backend| remove(backend, &namespace))
            .await;
        match removed {
            Ok(removed) => Some(removed),
            Err(error) => {
                if !self.is_stopping() {
                    let namespace = deleted_name;
                    tracing::warn!(%namespace, ?error, delay = ?PAUSE, "a deleted namespace is removed after a delay");
                }
                tokio::select! {
                    biased;
                    () = self.stopped() => {}
                    () = tokio::time::sleep(PAUSE) => {}
                }
                None
            }
        }
    }
}

/// Maximum number of runs that are removed at once, so that commits get in between.
const PORTION: usize = 1_000;
const PAUSE: Duration = Duration::from_secs(1);

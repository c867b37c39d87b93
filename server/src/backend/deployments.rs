//! The path of every change of worker deployments: applied to a copy, stored, and only then live.

use std::sync::Arc;

use durably_history::DeploymentVersion;

use super::Backend;
use crate::deployment::{Change, Deployments, QueueType};
use crate::error::Error;
use crate::name::DeploymentName;
use crate::namespace::{Namespace, VersionUsage};

impl Backend {
    /// Changes the deployments of a namespace, unless the change fails. The change is durable on return; it is
    /// completed also if the caller goes away.
    pub(crate) async fn change_deployments<R: Send + 'static>(
        &self,
        namespace: &Arc<Namespace>,
        change: impl FnOnce(&mut Deployments, &VersionUsage<'_>) -> Result<(Change, R), Error>
        + Send
        + 'static,
    ) -> Result<R, Error> {
        let namespace = Arc::clone(namespace);
        let change = |backend: Arc<Self>| async move {
            let _changing = namespace.lock_task_queues().await;
            backend.check_running()?;
            let now = backend.clock.now();
            let store = &*backend.store;
            let (stored, changed, change, result) = {
                let _existing = namespace.lock_changes();
                let (changed, change, result) =
                    namespace.changed_deployments(store, now, change)?;
                let Some(deployment) = change.deployment() else {
                    return Ok(result);
                };
                let name = DeploymentName {
                    namespace: Arc::clone(&namespace.name),
                    name: Arc::clone(deployment),
                };
                let deployment = changed.find(deployment).ok().cloned();
                let stored = store.put_deployment(&name, deployment);
                (stored, changed, change, result)
            };
            stored.confirmed().await?;
            backend.outage.end();
            namespace.set_deployments(changed, &change, now);
            Ok(result)
        };
        self.complete(change).await?
    }

    /// Adds a task queue to the version of a worker that polls it, if it is new.
    pub(crate) async fn register_poll(
        &self,
        namespace: &Arc<Namespace>,
        version: &DeploymentVersion,
        ty: QueueType,
        queue: &str,
    ) -> Result<(), Error> {
        if namespace.deployments().has(version, ty, queue) {
            return Ok(());
        }
        let (version, queue) = (version.clone(), queue.to_owned());
        self.change_deployments(namespace, move |deployments, usage| {
            let change = deployments.register(&version, ty, &queue, usage.now, usage)?;
            Ok((change, ()))
        })
        .await
    }
}

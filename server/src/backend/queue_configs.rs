//! The path of a change of a task queue's configuration: stored, and only then live.

use std::sync::Arc;

use durably_history::Time;
use durably_proto::api::taskqueue::v1::TaskQueueConfig;

use super::Backend;
use crate::error::Error;
use crate::namespace::Namespace;
use crate::queue_config::QueueKey;
use crate::store::StoredQueueConfig;

impl Backend {
    /// Changes the configuration of a task queue, unless the change fails; returns it. It is durable on return;
    /// the change is completed also if the caller goes away.
    pub(crate) async fn change_queue_config(
        &self,
        namespace: &Arc<Namespace>,
        key: QueueKey,
        change: impl FnOnce(&mut TaskQueueConfig, Time) -> Result<(), Error> + Send + 'static,
    ) -> Result<TaskQueueConfig, Error> {
        let namespace = Arc::clone(namespace);
        let change = |backend: Arc<Self>| async move {
            let _changing = namespace.lock_task_queues().await;
            backend.check_running()?;
            let now = backend.clock.now();
            let (stored, config) = {
                let _existing = namespace.lock_changes();
                let config = namespace.changed_queue_config(&key, |config| change(config, now))?;
                let stored = backend.store.put_queue_config(StoredQueueConfig {
                    namespace: Arc::clone(&namespace.name),
                    key: key.clone(),
                    config: config.clone(),
                });
                (stored, config)
            };
            stored.confirmed().await?;
            backend.outage.end();
            namespace.set_queue_config(key, config.clone());
            Ok(config)
        };
        self.complete(change).await?
    }
}

//! Limits of task queues that clients set, in addition to those that workers request.

use std::collections::BTreeMap;

use durably_proto::api::taskqueue::v1::TaskQueueConfig;

/// The configurations of a namespace's task queues.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct QueueConfigs(BTreeMap<QueueKey, TaskQueueConfig>);

/// A task queue and the type of its tasks, which are configured apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct QueueKey {
    pub(crate) name: String,
    /// The number of a `TaskQueueType`.
    pub(crate) task_queue_type: i32,
}

impl QueueConfigs {
    /// Those that a store has.
    pub(crate) fn stored(configs: Vec<(QueueKey, TaskQueueConfig)>) -> Self {
        Self(configs.into_iter().collect())
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&QueueKey, &TaskQueueConfig)> {
        self.0.iter()
    }

    pub(crate) fn get(&self, key: &QueueKey) -> Option<&TaskQueueConfig> {
        self.0.get(key)
    }

    pub(crate) fn insert(&mut self, key: QueueKey, config: TaskQueueConfig) {
        self.0.insert(key, config);
    }
}

/// The tasks a second that a configuration allows; none for no limit.
pub(crate) fn queue_rate(config: &TaskQueueConfig) -> Option<f64> {
    let limit = config.queue_rate_limit.as_ref()?.rate_limit.as_ref()?;
    Some(f64::from(limit.requests_per_second))
}

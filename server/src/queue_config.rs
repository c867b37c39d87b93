//! Limits of task queues that clients set, in addition to those that workers request.

use std::collections::BTreeMap;

use durably_proto::api::taskqueue::v1::{RateLimitConfig, TaskQueueConfig};

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

/// Dispatch limits and weights of a configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct QueueLimits {
    /// Tasks a second; none for no limit.
    pub(crate) per_second: Option<f64>,
    /// Tasks a second of each fairness key of weight 1; none for no limit.
    pub(crate) per_second_of_key: Option<f64>,
    /// Weights by fairness key, instead of those of tasks.
    pub(crate) weights: BTreeMap<String, f32>,
}

impl From<&TaskQueueConfig> for QueueLimits {
    fn from(config: &TaskQueueConfig) -> Self {
        let weights = config.fairness_weight_overrides.iter();
        Self {
            per_second: per_second(config.queue_rate_limit.as_ref()),
            per_second_of_key: per_second(config.fairness_keys_rate_limit_default.as_ref()),
            weights: weights
                .map(|(key, weight)| (key.clone(), *weight))
                .collect(),
        }
    }
}

fn per_second(limit: Option<&RateLimitConfig>) -> Option<f64> {
    let limit = limit?.rate_limit.as_ref()?;
    Some(f64::from(limit.requests_per_second))
}

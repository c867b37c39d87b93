//! Priority of a task in a queue: its level, and the key that shares the level fairly with others.

use std::sync::Arc;

use durably_proto::api::common::v1::Priority;

/// Priority of a task as its queue needs it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TaskPriority {
    pub(crate) level: PriorityLevel,
    /// Limits and fairness count the tasks of each key apart.
    pub(crate) key: FairnessKey,
    /// Weight of the key as the task has it; zero for none. A queue can override it.
    pub(crate) weight: f32,
}

impl From<Priority> for TaskPriority {
    fn from(priority: Priority) -> Self {
        Self {
            level: PriorityLevel::of(priority.priority_key),
            key: FairnessKey::from(priority.fairness_key.as_str()),
            weight: priority.fairness_weight,
        }
    }
}

/// Fairness key of a task. Tasks without one share the empty key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FairnessKey(Arc<str>);

impl From<&str> for FairnessKey {
    fn from(key: &str) -> Self {
        match key {
            // Most tasks have none, and the default one allocates nothing.
            "" => Self::default(),
            key => Self(key.into()),
        }
    }
}

impl FairnessKey {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Level of a task; 1 is more urgent than 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PriorityLevel(i32);

impl PriorityLevel {
    /// The level of a priority key; keys beyond the last level share it.
    pub(crate) fn of(priority_key: i32) -> Self {
        match priority_key {
            ..=0 => Self::default(),
            key => Self(key.min(LAST_LEVEL)),
        }
    }
}

impl From<PriorityLevel> for i32 {
    fn from(level: PriorityLevel) -> Self {
        level.0
    }
}

impl Default for PriorityLevel {
    fn default() -> Self {
        Self(3)
    }
}

/// The real server has five levels unless it is configured otherwise.
const LAST_LEVEL: i32 = 5;

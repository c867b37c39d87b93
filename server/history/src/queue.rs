//! Task queues as this crate names them.

use std::sync::Arc;
use std::time::Duration;

use durably_proto::api::enums::v1::TaskQueueKind;
use durably_proto::api::taskqueue::v1::TaskQueue as TaskQueueMessage;

/// The queue that tasks of a run go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskQueue {
    /// Any worker of the queue may take the task; it receives the whole history.
    Normal(Arc<str>),
    /// Only the worker that holds the run in its cache; it receives what is new.
    Sticky(Sticky),
}

/// A worker's own queue, as it named it when it completed its last workflow task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sticky {
    /// The queue's name.
    pub name: Arc<str>,
    /// The normal queue of the run.
    pub normal_name: Arc<str>,
    /// How long a task may wait there before it goes to the normal queue instead.
    pub schedule_to_start: Option<Duration>,
}

impl TaskQueue {
    /// The queue's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Normal(name) => name,
            Self::Sticky(sticky) => &sticky.name,
        }
    }
}

impl From<&TaskQueue> for TaskQueueMessage {
    fn from(queue: &TaskQueue) -> Self {
        match queue {
            TaskQueue::Normal(name) => normal(name),
            TaskQueue::Sticky(sticky) => Self {
                name: sticky.name.to_string(),
                kind: TaskQueueKind::Sticky.into(),
                normal_name: sticky.normal_name.to_string(),
            },
        }
    }
}

/// The message naming a normal queue.
pub(crate) fn normal(name: &str) -> TaskQueueMessage {
    TaskQueueMessage {
        name: name.to_owned(),
        kind: TaskQueueKind::Normal.into(),
        normal_name: String::new(),
    }
}

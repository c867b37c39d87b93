//! Task queues: normal and sticky ones.

use std::sync::Arc;
use std::time::Duration;

use durably_proto::api::enums::v1::TaskQueueKind;
use durably_proto::api::taskqueue::v1::TaskQueue as TaskQueueMessage;

use crate::limits;
use crate::rejection::Invalid;

/// The queue that tasks of a run go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskQueue {
    /// Shared queue: any of its workers takes the task and receives the whole history.
    Normal(Arc<str>),
    /// A worker's own queue: the worker has the run cached and receives the new events only.
    Sticky(StickyQueue),
}

/// A worker's own queue, named in its last workflow task completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StickyQueue {
    /// The queue's name.
    pub name: Arc<str>,
    /// The normal queue of the run.
    pub normal_name: Arc<str>,
    /// How long a task may wait before it moves to the normal queue.
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

/// Checks a task queue of a request or a command.
///
/// # Errors
/// [`Invalid`] with the real server's text if the name is missing, too long or reserved.
pub fn check(queue: Option<&TaskQueueMessage>) -> Result<(), Invalid> {
    let invalid = |message: &str| Err(Invalid(message.to_owned()));
    match queue.map(|queue| queue.name.as_str()) {
        None => invalid("taskQueue is not set"),
        Some("") => invalid("missing task queue name"),
        Some(name) if name.len() > limits::ID => invalid("taskQueue length exceeds limit"),
        Some(name) if name.starts_with(PARTITIONS) => invalid(&format!(
            "task queue name cannot start with reserved prefix {PARTITIONS}"
        )),
        Some(_) => Ok(()),
    }
}

/// As [`check`], for queues of workflows and activities.
pub(crate) fn check_users(queue: Option<&TaskQueueMessage>) -> Result<(), Invalid> {
    check(queue)?;
    match queue {
        Some(queue) if queue.name.starts_with(INTERNAL) => Err(Invalid(format!(
            "cannot use internal per-namespace task queue:{}",
            queue.name
        ))),
        _ => Ok(()),
    }
}

/// Prefix of the real server's queue partitions.
const PARTITIONS: &str = "/_sys/";
/// Prefix of the real server's own queues.
const INTERNAL: &str = "temporal-sys-per-ns-";

/// The message of a normal queue.
pub(crate) fn normal(name: &str) -> TaskQueueMessage {
    TaskQueueMessage {
        name: name.to_owned(),
        kind: TaskQueueKind::Normal.into(),
        normal_name: String::new(),
    }
}

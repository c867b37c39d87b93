//! What a store keeps, and what one commit changes.

use std::sync::Arc;

use durably_history::{EventBatch, Part, PartKey, RunId, Time};
use durably_proto::api::enums::v1::IndexedValueType;
use durably_proto::api::taskqueue::v1::TaskQueueConfig;
use durably_proto::api::workflow::v1::WorkflowExecutionInfo;
use tokio::sync::oneshot;

use super::settings::Settings;
use crate::deployment::Deployment;
use crate::error::StoreError;
use crate::name::{BatchName, ExecutionName, RunName, ScheduleName};
use crate::queue_config::QueueKey;

/// A namespace.
#[derive(Clone, Debug)]
pub(crate) struct StoredNamespace {
    pub(crate) name: Arc<str>,
    pub(crate) id: String,
    pub(crate) settings: Settings,
    /// The custom search attributes.
    pub(crate) attributes: Vec<(String, IndexedValueType)>,
}

/// An execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredExecution {
    /// The run that was started last.
    pub(crate) latest: RunId,
    /// Number of commits so far.
    pub(crate) version: u64,
}

/// What a run is rebuilt from.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoredRun {
    pub(crate) parts: Vec<(PartKey, Vec<u8>)>,
    pub(crate) events: Vec<EventBatch>,
}

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredSchedule {
    pub(crate) name: ScheduleName,
    pub(crate) state: Vec<u8>,
}

/// A worker deployment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredDeployment {
    /// Its namespace.
    pub(crate) namespace: Arc<str>,
    pub(crate) deployment: Arc<Deployment>,
}

/// The configuration of a task queue.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredQueueConfig {
    /// Its namespace.
    pub(crate) namespace: Arc<str>,
    pub(crate) key: QueueKey,
    pub(crate) config: TaskQueueConfig,
}

/// A batch operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredBatch {
    pub(crate) name: BatchName,
    pub(crate) state: Vec<u8>,
}

/// A run that a restart goes on with: an open one, or one whose messages are not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnfinishedRun {
    pub(crate) name: RunName,
    pub(crate) is_open: bool,
    /// The earliest deadline.
    pub(crate) next_due: Option<Time>,
    /// Whether tasks may wait in queues, or messages for their delivery.
    pub(crate) has_tasks: bool,
}

/// One commit of an execution.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) execution: ExecutionName,
    /// The version that this commit follows; 0 for the first.
    pub(crate) follows: u64,
    /// The changed runs: one, or two when a run ends in the next.
    pub(crate) runs: Vec<RunChange>,
}

/// The change of one run.
#[derive(Debug)]
pub(crate) struct RunChange {
    pub(crate) run_id: RunId,
    /// Whether the run starts; it becomes the latest of the execution.
    pub(crate) is_new: bool,
    /// The parts of its state that changed.
    pub(crate) parts: Vec<Part>,
    /// Its new events.
    pub(crate) events: Option<EventBatch>,
    pub(crate) phase: RunPhase,
    /// Its row of visibility, if that changed.
    pub(crate) row: Option<Box<WorkflowExecutionInfo>>,
}

impl RunChange {
    /// Whether nothing has changed.
    pub(crate) fn is_empty(&self) -> bool {
        !self.is_new && self.parts.is_empty() && self.events.is_none() && self.row.is_none()
    }
}

/// Whether a run is open, and what a restart must know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunPhase {
    Open {
        next_due: Option<Time>,
        /// Whether tasks may wait in queues, or messages for their delivery.
        has_tasks: bool,
    },
    Closed {
        at: Time,
        /// Whether messages wait for their delivery, or the run for its removal; retention leaves such a
        /// run alone.
        has_messages: bool,
    },
}

/// How a store took a commit.
#[derive(Debug)]
#[must_use = "it may be refused"]
pub(crate) enum Submitted {
    /// It is done, or refused.
    Done(Result<(), StoreError>),
    #[cfg_attr(
        not(any(test, feature = "sqlite", feature = "simulation")),
        expect(dead_code, reason = "memory needs no time")
    )]
    /// It is durable when this resolves to `Ok`. The sender is dropped when the store has stopped.
    Pending(oneshot::Receiver<Result<(), StoreError>>),
}

impl Submitted {
    /// Waits until it is durable.
    pub(crate) async fn confirmed(self) -> Result<(), StoreError> {
        match self {
            Self::Done(done) => done,
            Self::Pending(confirmation) => confirmation.await.unwrap_or(Err(StoreError::Stopped)),
        }
    }
}

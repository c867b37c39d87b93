//! Why an input was refused. A refused input has changed nothing.

use std::fmt;

use durably_proto::api::enums::v1::WorkflowExecutionStatus;

use crate::id::RunId;

/// Why an input was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The run has ended.
    Closed(Closed),
    /// No such task is waiting or running: it was completed, it timed out, or another worker has it.
    TaskNotFound(TaskNotFound),
    /// The task was started by another poll.
    TaskAlreadyStarted,
    /// The deadline had been disarmed, or was moved.
    StaleDeadline,
    /// The workflow tried to close and must see what came first; the client should try again.
    Closing,
    /// The workflow task failed several times in a row; an update would wait in vain.
    TaskFailing,
    /// The client named another first run than this execution has.
    ChainMismatch(ChainMismatch),
    /// Too many of something.
    LimitExceeded(LimitExceeded),
    /// The request itself is wrong.
    Invalid(Invalid),
}

/// The run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// How.
    pub status: WorkflowExecutionStatus,
}

/// Which kind of task was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskNotFound {
    /// A workflow task.
    Workflow,
    /// An activity, named by its token.
    Activity,
    /// An activity, named by its id.
    ActivityId,
}

/// The client named another first run than this execution has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainMismatch {
    /// The first run it has.
    pub first_run_id: RunId,
}

/// Too many of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitExceeded {
    /// Updates at work at the same time.
    UpdatesInFlight {
        /// The most there may be.
        limit: usize,
    },
    /// Updates in the life of the run.
    UpdatesInTotal {
        /// The most there may be.
        limit: usize,
    },
    /// Signals in the life of the run.
    Signals,
}

/// The request itself is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(pub String);

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(_) => f.write_str("workflow execution already completed"),
            Self::TaskNotFound(TaskNotFound::Workflow) => f.write_str("Workflow task not found."),
            Self::TaskNotFound(TaskNotFound::Activity) => {
                f.write_str("invalid activityID or activity already timed out or invoking workflow is completed")
            }
            Self::TaskNotFound(TaskNotFound::ActivityId) => {
                f.write_str("cannot find pending activity with ActivityID")
            }
            Self::TaskAlreadyStarted => f.write_str("task already started by another poll"),
            Self::StaleDeadline => f.write_str("deadline no longer armed"),
            Self::Closing => f.write_str("workflow operation can not be applied because workflow is closing"),
            Self::TaskFailing => f.write_str(
                "Unable to perform workflow execution update due to Workflow Task in failed state.",
            ),
            Self::ChainMismatch(_) => f.write_str("workflow execution not found"),
            Self::LimitExceeded(limit) => limit.fmt(f),
            Self::Invalid(invalid) => f.write_str(&invalid.0),
        }
    }
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpdatesInFlight { limit } => write!(
                f,
                "limit on number of concurrent in-flight updates has been reached ({limit})"
            ),
            Self::UpdatesInTotal { limit } => write!(
                f,
                "limit on the total number of distinct updates in this workflow has been reached ({limit})"
            ),
            Self::Signals => f.write_str("exceeded workflow execution limit for signal events"),
        }
    }
}

impl std::error::Error for Rejection {}

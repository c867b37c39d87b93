//! Rejections: errors of inputs. A rejected input has not changed the run.

use std::fmt;

use durably_proto::api::enums::v1::WorkflowExecutionStatus;

use crate::id::{ActivityId, RunId};

/// Error of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The run is closed.
    Closed(Closed),
    /// No such task is pending: it completed, timed out, or another worker has it.
    TaskNotFound(TaskNotFound),
    /// The task was started by another poll.
    TaskAlreadyStarted,
    /// The deadline is gone, or not due yet.
    StaleDeadline,
    /// The workflow tried to close and must first see buffered events; the client should retry.
    Closing,
    /// The workflow task keeps failing, so no worker would answer the update.
    TaskFailing,
    /// The request names another first run than the execution has.
    ChainMismatch(ChainMismatch),
    /// The message is for a child of another run.
    OtherParent,
    /// Another request has paused the activity.
    AlreadyPaused,
    /// A limit is exceeded.
    LimitExceeded(LimitExceeded),
    /// The request itself is wrong.
    Invalid(Invalid),
}

/// See [`Rejection::Closed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The status that it closed with.
    pub status: WorkflowExecutionStatus,
}

/// Which kind of task was not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskNotFound {
    /// A workflow task.
    Workflow,
    /// An activity, named by its token.
    Activity,
    /// An activity, named by its id.
    ActivityId(ActivityId),
    /// An activity that an operation is for, named by its id or its type.
    Selected,
}

/// See [`Rejection::ChainMismatch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainMismatch {
    /// The execution's first run.
    pub first_run_id: RunId,
}

/// See [`Rejection::LimitExceeded`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitExceeded {
    /// Updates in flight.
    UpdatesInFlight {
        /// The maximum.
        limit: usize,
    },
    /// Updates of the run in total.
    UpdatesInTotal {
        /// The maximum.
        limit: usize,
    },
    /// Signals of the run in total.
    Signals,
}

/// The request itself is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(pub String);

impl From<Invalid> for Rejection {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(_) => f.write_str("workflow execution already completed"),
            Self::TaskNotFound(TaskNotFound::Workflow) => f.write_str("Workflow task not found."),
            Self::TaskNotFound(TaskNotFound::Activity) => {
                f.write_str("invalid activityID or activity already timed out or invoking workflow is completed")
            }
            Self::TaskNotFound(TaskNotFound::ActivityId(id)) => write!(
                f,
                "cannot find pending activity with ActivityID {id}, check workflow execution history for more details"
            ),
            Self::TaskNotFound(TaskNotFound::Selected) => f.write_str(
                "Can't find pending activity with such ID. Invalid activityID or activity already completed",
            ),
            Self::AlreadyPaused => f.write_str("activity is already paused"),
            Self::TaskAlreadyStarted => f.write_str("task already started by another poll"),
            Self::StaleDeadline => f.write_str("deadline is not due"),
            Self::Closing => f.write_str("workflow operation can not be applied because workflow is closing"),
            Self::TaskFailing => f.write_str(
                "Unable to perform workflow execution update due to Workflow Task in failed state.",
            ),
            Self::ChainMismatch(_) => f.write_str("workflow execution not found"),
            Self::OtherParent => f.write_str("workflow parent does not match"),
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

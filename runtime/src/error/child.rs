//! The error of a child workflow that returned no result.

use std::fmt;

use durably_engine::{FailureInfo, FailureRecord, RetryState, TimeoutKind};

use super::{
    AppError, Failure, TypedError,
    chain::{self, links},
};
use crate::data::Converter;

/// A child workflow failed, timed out, was cancelled or terminated, or could not be started.
///
/// ```
/// use durably::{error::{ChildError, Failure, RetryState, TimeoutKind}, prelude::*};
///
/// /// What to do about a child that gave no result.
/// fn report(error: Error) -> Result<String> {
///     let Some(child) = error.child() else {
///         return Err(error);
///     };
///     let run = format!("{} {} (run {})", child.workflow, child.workflow_id, child.run_id());
///     Ok(match &child.cause {
///         Failure::Terminated => format!("{run} was terminated"),
///         _ if child.is_cancelled() => format!("{run} was cancelled"),
///         _ if child.timeout() == Some(TimeoutKind::StartToClose) => format!("{run} took too long"),
///         cause if child.retry_state() == RetryState::MaximumAttemptsReached => {
///             format!("{run} failed for the last time: {cause}")
///         }
///         cause => format!("{run} failed: {cause}"),
///     })
/// }
///
/// let error = report(Error::message("no child")).unwrap_err();
/// assert_eq!(error.to_string(), "no child");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChildError {
    /// The type of the child.
    pub workflow: String,
    /// The workflow id of the child.
    pub workflow_id: String,
    /// Why.
    pub cause: Failure,
    /// The failure as history records it.
    record: Box<FailureRecord>,
}

impl ChildError {
    /// The child that a failure of kind `ChildWorkflow` is about.
    pub(crate) fn from_record(record: FailureRecord, converter: &Converter) -> Self {
        let (workflow, workflow_id) = match &record.info {
            FailureInfo::ChildWorkflow {
                workflow_type,
                workflow_id,
                ..
            } => (workflow_type.clone(), workflow_id.clone()),
            _ => Default::default(),
        };
        let cause = Failure::cause_of(&record, converter);
        Self {
            workflow,
            workflow_id,
            cause,
            record: Box::new(record),
        }
    }

    pub(super) fn to_record(&self) -> FailureRecord {
        (*self.record).clone()
    }

    /// Which timeout ran out, if one did.
    pub fn timeout(&self) -> Option<TimeoutKind> {
        self.cause.timeout()
    }

    /// Whether the child was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cause.is_cancelled()
    }

    /// The run of the child; empty if it did not start.
    pub fn run_id(&self) -> &str {
        match &self.record.info {
            FailureInfo::ChildWorkflow { run_id, .. } => run_id,
            _ => "",
        }
    }

    /// Why the child was not tried again.
    pub fn retry_state(&self) -> RetryState {
        match self.record.info {
            FailureInfo::ChildWorkflow { retry_state, .. } => retry_state,
            _ => RetryState::Unspecified,
        }
    }
}

links!(ChildError);

impl fmt::Display for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.cause {
            Failure::Timeout(_) => "timed out",
            Failure::Cancelled => "was cancelled",
            Failure::Terminated => "was terminated",
            _ => "failed",
        };
        let (workflow, id) = (&self.workflow, &self.workflow_id);
        write!(f, "child workflow `{workflow}` with id `{id}` {what}")?;
        chain::because(f, &self.cause)
    }
}

impl std::error::Error for ChildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

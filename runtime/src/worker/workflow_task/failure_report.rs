//! Why a workflow task fails, as it is reported to the server.

use durably_engine::{EngineError, FailureRecord};

use crate::{
    driver::instance::TaskFailure,
    error::{AppError, Error},
    telemetry::metrics::TaskFailureReason,
    transport::message_codecs::codec_failure,
    wire::{
        failure,
        respond::{AnswerQuery, FailWorkflowTask, TaskFailureCause},
        sizes::{MESSAGE_TOO_LARGE, Oversized, PAYLOADS_TOO_LARGE},
        status::{CallError, CodecFault},
    },
};

/// Why a workflow task fails, as it is reported to the server.
#[derive(Debug)]
pub(crate) struct FailureReport {
    cause: TaskFailureCause,
    record: Box<FailureRecord>,
}

impl FailureReport {
    /// For this error; a bug of the worker, its configuration or the workflow.
    pub(crate) fn of(error: &Error) -> Self {
        Self {
            cause: TaskFailureCause::WorkerFailure,
            record: error.to_own_record().into(),
        }
    }

    /// For the task whose response, `what`, cannot be sent, or is refused, as it is; none if a failure would
    /// fare no better.
    pub(crate) fn undeliverable(what: &str, error: &CallError) -> Option<Self> {
        match error {
            CallError::Codec(fault) => Some(Self::codec(fault)),
            CallError::Oversized(oversized) => Some(Self::oversized(oversized)),
            error if error.is_too_large() => Some(Self::too_large(what, error)),
            _ => None,
        }
    }

    /// A codec could not transform payloads.
    pub(crate) fn codec(fault: &CodecFault) -> Self {
        Self {
            cause: TaskFailureCause::WorkerFailure,
            record: codec_failure(fault).into(),
        }
    }

    /// The server would terminate the run because of what the response has.
    fn oversized(oversized: &Oversized) -> Self {
        let error = AppError::new(PAYLOADS_TOO_LARGE, oversized.to_string());
        Self {
            cause: TaskFailureCause::PayloadsTooLarge,
            record: error.into_record().into(),
        }
    }

    /// The server refuses `what` because of its size.
    fn too_large(what: &str, error: &CallError) -> Self {
        let error = AppError::new(
            MESSAGE_TOO_LARGE,
            format!("{what} is too large for the server: {}", error.message()),
        );
        Self {
            cause: TaskFailureCause::MessageTooLarge,
            record: error.into_record().into(),
        }
    }

    /// The response to a task that moves the run.
    pub(crate) fn into_request(self, token: Vec<u8>) -> FailWorkflowTask {
        FailWorkflowTask {
            token,
            cause: self.cause,
            failure: *self.record,
        }
    }

    /// Its cause, for metrics.
    pub(crate) fn reason(&self) -> TaskFailureReason {
        match self.cause {
            TaskFailureCause::Nondeterminism => TaskFailureReason::Nondeterminism,
            TaskFailureCause::WorkerFailure => TaskFailureReason::Workflow,
            TaskFailureCause::PayloadsTooLarge => TaskFailureReason::PayloadsTooLarge,
            TaskFailureCause::MessageTooLarge => TaskFailureReason::MessageTooLarge,
        }
    }

    /// Its text with its causes, for logs.
    pub(crate) fn text(&self) -> String {
        failure::chain(&self.record)
    }

    /// The response to a task that consists of a query.
    pub(crate) fn into_query_answer(self, token: Vec<u8>) -> AnswerQuery {
        AnswerQuery::failed(self.cause, *self.record, token)
    }
}

impl From<EngineError> for FailureReport {
    fn from(error: EngineError) -> Self {
        let (cause, error) = match error {
            EngineError::Mismatch(mismatch) => {
                (TaskFailureCause::Nondeterminism, Error::from(*mismatch))
            }
            other @ (EngineError::CacheMiss { .. }
            | EngineError::UnknownEvent { .. }
            | EngineError::MalformedHistory { .. }
            | EngineError::IncompleteHistory { .. }
            | EngineError::UnknownCommand { .. }
            | EngineError::DuplicateCommand { .. }
            | EngineError::UnknownUpdate { .. }) => {
                (TaskFailureCause::WorkerFailure, Error::from(other))
            }
        };
        Self {
            cause,
            record: error.to_own_record().into(),
        }
    }
}

impl From<TaskFailure> for FailureReport {
    fn from(failure: TaskFailure) -> Self {
        let cause = if failure.nondeterminism {
            TaskFailureCause::Nondeterminism
        } else {
            TaskFailureCause::WorkerFailure
        };
        Self {
            cause,
            record: failure.failure,
        }
    }
}

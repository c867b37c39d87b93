//! Why a workflow task fails, as it is reported to the server.

use durably_engine::{EngineError, FailureRecord};
use durably_proto::api::{
    enums::v1::{QueryResultType, WorkflowTaskFailedCause},
    workflowservice::v1::{RespondQueryTaskCompletedRequest, RespondWorkflowTaskFailedRequest},
};
use tonic::Status;

use crate::{
    driver::instance::TaskFailure,
    error::{AppError, Error},
    wire,
};

/// Why a workflow task fails, as it is reported to the server.
#[derive(Debug)]
pub(crate) struct FailureReport {
    cause: WorkflowTaskFailedCause,
    record: Box<FailureRecord>,
}

impl FailureReport {
    /// For this error; a bug of the worker, its configuration or the workflow.
    pub(crate) fn of(error: &Error) -> Self {
        Self {
            cause: WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure,
            record: error.to_record().into(),
        }
    }

    /// The server refuses `what` because of its size.
    pub(crate) fn too_large(what: &str, status: &Status) -> Self {
        let error = AppError::new(
            "MessageTooLarge",
            format!("{what} is too large for the server: {}", status.message()),
        );
        Self {
            cause: WorkflowTaskFailedCause::GrpcMessageTooLarge,
            record: Error::from(error).to_record().into(),
        }
    }

    /// The response to a task that moves the run; names and token are left to the caller.
    pub(crate) fn into_request(self) -> RespondWorkflowTaskFailedRequest {
        RespondWorkflowTaskFailedRequest {
            cause: self.cause.into(),
            failure: Some(wire::failure::to_proto(*self.record)),
            ..Default::default()
        }
    }

    /// Its text with its causes, for logs.
    pub(crate) fn text(&self) -> String {
        wire::failure::chain(&self.record)
    }

    /// The response to a task that consists of a query.
    pub(crate) fn into_query_answer(self) -> RespondQueryTaskCompletedRequest {
        RespondQueryTaskCompletedRequest {
            completed_type: QueryResultType::Failed.into(),
            error_message: self.record.message.clone(),
            failure: Some(wire::failure::to_proto(*self.record)),
            cause: self.cause.into(),
            ..Default::default()
        }
    }
}

impl From<EngineError> for FailureReport {
    fn from(error: EngineError) -> Self {
        let (cause, error) = match error {
            EngineError::Mismatch(mismatch) => (
                WorkflowTaskFailedCause::NonDeterministicError,
                Error::from(*mismatch),
            ),
            other @ (EngineError::CacheMiss { .. }
            | EngineError::UnknownEvent { .. }
            | EngineError::MalformedHistory { .. }
            | EngineError::IncompleteHistory { .. }
            | EngineError::UnknownCommand { .. }
            | EngineError::DuplicateCommand { .. }
            | EngineError::UnknownUpdate { .. }) => (
                WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure,
                Error::from(other),
            ),
        };
        Self {
            cause,
            record: error.to_record().into(),
        }
    }
}

impl From<TaskFailure> for FailureReport {
    fn from(failure: TaskFailure) -> Self {
        let cause = if failure.nondeterminism {
            WorkflowTaskFailedCause::NonDeterministicError
        } else {
            WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure
        };
        Self {
            cause,
            record: failure.failure,
        }
    }
}

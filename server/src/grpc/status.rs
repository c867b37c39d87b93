//! Maps the server's errors to gRPC statuses with the details that SDKs decode.

use durably_history::{LimitExceeded, Rejection, TaskNotFound};
use durably_proto::api::enums::v1::{
    NamespaceState, ResourceExhaustedCause, ResourceExhaustedScope,
};
use durably_proto::api::errordetails::v1 as details;
use durably_proto::wkt::Any;
use durably_proto::{Message, rpc};
use prost::Name;
use tonic::{Code, Status};

use crate::error::{Error, OperationResult, StoreError};

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let (code, message, detail) = described(error);
        let message = truncated(message);
        match detail {
            Some(detail) => with_detail(code, message, detail),
            None => Self::new(code, message),
        }
    }
}

/// Truncates a text to what fits into HTTP/2 headers; the client would not receive a longer one.
fn truncated(mut message: String) -> String {
    if message.len() > LONGEST_MESSAGE {
        message.truncate(message.floor_char_boundary(LONGEST_MESSAGE - TRUNCATED.len()));
        message.push_str(TRUNCATED);
    }
    message
}

const TRUNCATED: &str = "... <truncated>";
/// Maximum length of a status message; the real server's value.
const LONGEST_MESSAGE: usize = 4000;

fn described(error: Error) -> (Code, String, Option<Any>) {
    match error {
        Error::Rejected(rejection) => rejected(&rejection),
        Error::Store(error) => (
            match error {
                // A retry would find the same.
                StoreError::Corrupted(_) => Code::DataLoss,
                StoreError::Conflict { .. }
                | StoreError::Failed(_)
                | StoreError::Stopped
                | StoreError::Broken => Code::Unavailable,
            },
            error.to_string(),
            None,
        ),
        Error::NamespaceNotFound(namespace) => (
            Code::NotFound,
            format!("Namespace {namespace} is not found."),
            detail(&details::NamespaceNotFoundFailure { namespace }),
        ),
        Error::NamespaceState {
            namespace,
            state,
            allowed,
        } => (
            Code::FailedPrecondition,
            format!(
                "Namespace has invalid state: {}. Must be {}.",
                state_name(state),
                allowed
                    .iter()
                    .map(|state| state_name(*state))
                    .collect::<Vec<_>>()
                    .join(" or "),
            ),
            detail(&details::NamespaceInvalidStateFailure {
                namespace,
                state: state.into(),
                allowed_states: allowed.iter().map(|state| (*state).into()).collect(),
            }),
        ),
        Error::NamespaceExists(name) => (
            Code::AlreadyExists,
            format!("Namespace \"{name}\" already exists"),
            detail(&details::NamespaceAlreadyExistsFailure {}),
        ),
        Error::NotFound(message) => not_found(message),
        Error::AlreadyStarted(already) => (
            Code::AlreadyExists,
            already.message,
            detail(&details::WorkflowExecutionAlreadyStartedFailure {
                start_request_id: already.start_request_id,
                run_id: already.run_id,
                first_execution_run_id: already.first_run_id,
            }),
        ),
        Error::Invalid(message) => (Code::InvalidArgument, message, None),
        Error::Query(error) => (Code::InvalidArgument, error.to_string(), None),
        Error::QueryFailed(failed) => (
            Code::InvalidArgument,
            failed.message,
            detail(&details::QueryFailedFailure {
                failure: failed.failure,
            }),
        ),
        Error::NotReady(message) => not_ready(message.to_owned()),
        Error::Exhausted(message) => {
            exhausted(ResourceExhaustedCause::ConcurrentLimit, message.to_owned())
        }
        Error::Precondition(message) => (Code::FailedPrecondition, message, None),
        Error::AlreadyExists(message) => (Code::AlreadyExists, message, None),
        Error::DeploymentLimit(message) => {
            exhausted(ResourceExhaustedCause::WorkerDeploymentLimits, message)
        }
        Error::Unimplemented(message) => (Code::Unimplemented, message, None),
        Error::PermissionDenied(message) => (
            Code::PermissionDenied,
            message.to_owned(),
            detail(&details::PermissionDeniedFailure::default()),
        ),
        Error::DeadlineExceeded(message) => (Code::DeadlineExceeded, message.to_owned(), None),
        Error::Unavailable(message) => (Code::Unavailable, message.to_owned(), None),
        Error::Aborted(message) => (Code::Aborted, message.to_owned(), None),
        Error::MultiOperation(operations) => multi_operation(operations),
    }
}

fn state_name(state: NamespaceState) -> &'static str {
    match state {
        NamespaceState::Unspecified => "Unspecified",
        NamespaceState::Registered => "Registered",
        NamespaceState::Deprecated => "Deprecated",
        NamespaceState::Deleted => "Deleted",
    }
}

fn rejected(rejection: &Rejection) -> (Code, String, Option<Any>) {
    let message = rejection.to_string();
    match rejection {
        Rejection::Closed(_)
        | Rejection::TaskNotFound(
            TaskNotFound::Workflow
            | TaskNotFound::Activity
            | TaskNotFound::ActivityId(_)
            | TaskNotFound::Selected,
        )
        | Rejection::TaskAlreadyStarted
        | Rejection::StaleDeadline
        | Rejection::OtherParent
        | Rejection::ChainMismatch(_) => not_found(message),
        Rejection::Closing => exhausted(ResourceExhaustedCause::BusyWorkflow, message),
        Rejection::TaskFailing => not_ready(message),
        Rejection::AlreadyPaused => (Code::FailedPrecondition, message, None),
        Rejection::LimitExceeded(
            LimitExceeded::UpdatesInFlight { .. } | LimitExceeded::UpdatesInTotal { .. },
        ) => exhausted(ResourceExhaustedCause::ConcurrentLimit, message),
        // Not `RESOURCE_EXHAUSTED`, which clients retry: the number of signals never falls.
        Rejection::LimitExceeded(LimitExceeded::Signals) | Rejection::Invalid(_) => {
            (Code::InvalidArgument, message, None)
        }
    }
}

fn not_found(message: String) -> (Code, String, Option<Any>) {
    (
        Code::NotFound,
        message,
        detail(&details::NotFoundFailure::default()),
    )
}

fn not_ready(message: String) -> (Code, String, Option<Any>) {
    (
        Code::FailedPrecondition,
        message,
        detail(&details::WorkflowNotReadyFailure {}),
    )
}

fn exhausted(cause: ResourceExhaustedCause, message: String) -> (Code, String, Option<Any>) {
    (
        Code::ResourceExhausted,
        message,
        detail(&details::ResourceExhaustedFailure {
            cause: cause.into(),
            scope: ResourceExhaustedScope::Namespace.into(),
        }),
    )
}

/// The status of a multi-operation request is that of the first operation that failed; its details
/// hold one status per operation.
fn multi_operation(operations: Vec<OperationResult>) -> (Code, String, Option<Any>) {
    use details::multi_operation_execution_failure::OperationStatus;
    let mut failed = None;
    let mut statuses = Vec::new();
    for operation in operations {
        let (status, message, detail) = match operation {
            OperationResult::Failed(error) => {
                let described = described(error);
                let own = Some(described.0).filter(|code| *code != Code::Aborted);
                failed = failed.or(own);
                described
            }
            OperationResult::Aborted => (
                Code::Aborted,
                "Operation was aborted.".to_owned(),
                detail(&durably_proto::api::failure::v1::MultiOperationExecutionAborted {}),
            ),
            OperationResult::Done => (Code::Ok, String::new(), None),
        };
        statuses.push(OperationStatus {
            code: status.into(),
            message,
            details: detail.into_iter().collect(),
        });
    }
    (
        failed.unwrap_or(Code::Aborted),
        "Update-with-Start could not be executed.".to_owned(),
        detail(&details::MultiOperationExecutionFailure { statuses }),
    )
}

fn detail<M: Message + Name>(message: &M) -> Option<Any> {
    Some(Any {
        type_url: format!("type.googleapis.com/{}", M::full_name()),
        value: message.encode_to_vec(),
    })
}

fn with_detail(code: Code, message: String, detail: Any) -> Status {
    let envelope = rpc::Status {
        code: code.into(),
        message: message.clone(),
        details: vec![detail],
    };
    Status::with_details(code, message, envelope.encode_to_vec().into())
}

//! What a gRPC status means: the one table from the server's refusals to ours.

use durably_engine::FailureRecord;
use durably_proto::{Message, api::errordetails::v1 as details, rpc, wkt::Any};
use tonic::{Code, Status};

use super::failure;
use crate::error::RpcError;

/// A refusal, read.
pub(crate) struct Refusal {
    /// What only some operations expect.
    pub reason: Reason,
    /// What it is to all others.
    pub otherwise: RpcError,
}

/// What only some operations expect.
#[derive(Debug, PartialEq)]
pub(crate) enum Reason {
    /// There is no such workflow.
    NoWorkflow,
    /// There is one, but it is closed.
    WorkflowClosed,
    /// The workflow has no such update.
    NoUpdate,
    /// The id is taken by this run.
    AlreadyStarted { run_id: String },
    /// The worker answered the query with a failure.
    QueryFailed(Box<FailureRecord>),
    /// One of several operations of a request was refused.
    Operation { index: usize, refused: Operation },
    /// Nothing that any operation treats by itself.
    Unspecific,
}

/// How one operation of several was refused.
#[derive(Debug, PartialEq)]
pub(crate) struct Operation {
    code: i32,
    message: String,
    details: Vec<Any>,
}

impl Operation {
    /// As the operation would have been refused by itself.
    pub(crate) fn into_status(self) -> Status {
        let Self {
            code,
            message,
            details,
        } = self;
        let envelope = rpc::Status {
            code,
            message: message.clone(),
            details,
        };
        Status::with_details(code.into(), message, envelope.encode_to_vec().into())
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        let details = read_details(&status);
        Self {
            reason: reason(&status, &details),
            otherwise: rpc_error(status, &details),
        }
    }
}

fn read_details(status: &Status) -> Vec<Any> {
    rpc::Status::decode(status.details())
        .map(|envelope| envelope.details)
        .unwrap_or_default()
}

/// The detail of type `T`, if the server sent one.
fn find<T: Message + Default>(details: &[Any], name: &str) -> Option<T> {
    let detail = details
        .iter()
        .find(|any| any.type_url.rsplit(['/', '.']).next() == Some(name))?;
    T::decode(&*detail.value).ok()
}

fn reason(status: &Status, all: &[Any]) -> Reason {
    if let Some(taken) = find::<details::WorkflowExecutionAlreadyStartedFailure>(
        all,
        "WorkflowExecutionAlreadyStartedFailure",
    ) {
        Reason::AlreadyStarted {
            run_id: taken.run_id,
        }
    } else if let Some(failed) = find::<details::QueryFailedFailure>(all, "QueryFailedFailure") {
        // Servers from before the failure was passed on leave it out.
        let record = match failed.failure {
            Some(recorded) => failure::from_proto(recorded),
            None => FailureRecord::new(status.message(), Default::default()),
        };
        Reason::QueryFailed(Box::new(record))
    } else if let Some(several) =
        find::<details::MultiOperationExecutionFailure>(all, "MultiOperationExecutionFailure")
    {
        first_refused(several)
    } else if status.code() == Code::NotFound && !is_namespace_missing(all) {
        if is_about_a_closed_run(status.message()) {
            Reason::WorkflowClosed
        } else if is_about_an_update(status.message()) {
            Reason::NoUpdate
        } else {
            Reason::NoWorkflow
        }
    } else {
        Reason::Unspecific
    }
}

/// The operation that was refused; the others are only aborted because of it.
fn first_refused(several: details::MultiOperationExecutionFailure) -> Reason {
    let refused = several
        .statuses
        .into_iter()
        .enumerate()
        .find(|(_, status)| !matches!(Code::from(status.code), Code::Ok | Code::Aborted));
    match refused {
        Some((index, status)) => Reason::Operation {
            index,
            refused: Operation {
                code: status.code,
                message: status.message,
                details: status.details,
            },
        },
        None => Reason::Unspecific,
    }
}

/// Whether the server does not have the namespace of the request.
pub(crate) fn is_about_a_missing_namespace(status: &Status) -> bool {
    is_namespace_missing(&read_details(status))
}

fn is_namespace_missing(details: &[Any]) -> bool {
    missing_namespace(details).is_some()
}

fn missing_namespace(all: &[Any]) -> Option<details::NamespaceNotFoundFailure> {
    find(all, "NamespaceNotFoundFailure")
}

fn rpc_error(status: Status, all: &[Any]) -> RpcError {
    if let Some(missing) = missing_namespace(all) {
        return RpcError::NamespaceNotFound {
            namespace: missing.namespace,
        };
    }
    let message = status.message().to_owned();
    match status.code() {
        Code::PermissionDenied | Code::Unauthenticated => RpcError::PermissionDenied {
            message: find::<details::PermissionDeniedFailure>(all, "PermissionDeniedFailure")
                .map(|denied| denied.reason)
                .filter(|reason| !reason.is_empty())
                .unwrap_or(message),
        },
        Code::InvalidArgument if is_over_a_limit(&message) => RpcError::TooLarge { message },
        Code::InvalidArgument | Code::OutOfRange => RpcError::InvalidArgument { message },
        Code::ResourceExhausted if is_too_large(&status) => RpcError::TooLarge { message },
        Code::ResourceExhausted => RpcError::Busy { message },
        // tonic calls a deadline that the client enforced `Cancelled`.
        Code::DeadlineExceeded | Code::Cancelled => RpcError::Timeout {
            message: match &*message {
                "Timeout expired" => "the server took longer than the request allows".to_owned(),
                _ => message,
            },
        },
        Code::Unavailable => RpcError::Unreachable {
            message,
            source: None,
        },
        Code::Unimplemented => RpcError::Unimplemented { message },
        Code::Unknown | Code::Internal if std::error::Error::source(&status).is_some() => {
            RpcError::Unreachable {
                message,
                source: Some(Box::new(status)),
            }
        }
        code @ (Code::Ok
        | Code::Unknown
        | Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::Internal
        | Code::DataLoss) => RpcError::Other {
            code: format!("{code:?}"),
            message,
        },
    }
}

/// The second text answers an update that its run had not accepted when it closed.
fn is_about_a_closed_run(message: &str) -> bool {
    message.contains("already completed") || message.contains("aborted by closing workflow")
}

/// The server names what is missing by its words alone: `update "u-1" not found`.
fn is_about_an_update(message: &str) -> bool {
    message.starts_with("update ") && message.ends_with(" not found")
}

/// The server refuses a payload over its limit as an invalid argument, known by its words alone.
fn is_over_a_limit(message: &str) -> bool {
    message.contains("exceeds size limit") || message.contains("exceeds limit")
}

/// gRPC uses one code for a busy server and for a message over the size limit.
pub(crate) fn is_too_large(status: &Status) -> bool {
    status.message().contains("message larger than max")
        || status.message().contains("message length too large")
}

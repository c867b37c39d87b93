//! What a gRPC status means: the one table from codes and error details to what a caller can do.

use std::fmt;

use bytes::Bytes;
use durably_engine::FailureRecord;
use durably_proto::{
    Message,
    api::{enums::v1::NamespaceState, errordetails::v1 as details},
    rpc,
    wkt::Any,
};
use tonic::{Code, Status};

use super::{WireError, failure, sizes::Oversized};

/// The error of a raw call.
pub(crate) type RawStatus = Status;

/// Why a call has no response.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The server, or the connection to it, says so.
    Status(Status),
    /// The response lacks something, or holds something that cannot be read.
    Malformed(WireError),
    /// A codec could not transform payloads.
    Codec(CodecFault),
    /// The request was not sent, because of its size.
    Oversized(Oversized),
}

/// Why the payloads of a message could not be transformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodecFault(String);

impl CodecFault {
    pub(crate) fn new(reason: &impl ToString) -> Self {
        Self(reason.to_string())
    }
}

impl fmt::Display for CodecFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CodecFault {}

/// Whether sending the same request again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    Never,
    /// The request is denied: not before its key or certificate is renewed, which calls do not wait for.
    IfAllowed,
    /// The server is unreachable, restarting or has lost the request: soon.
    Soon,
    /// The server is busy: not before a second has passed.
    Later,
    /// The attempt was interrupted, which says nothing about the request: the first time at once.
    Interrupted,
}

/// The kinds of faults that every operation knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    PermissionDenied,
    InvalidArgument,
    TooLarge,
    Busy,
    Timeout,
    Unreachable,
    NotFound,
    Unimplemented,
    Other,
}

/// The only table of gRPC's codes.
const fn table(code: Code) -> (Kind, Retry) {
    match code {
        Code::Unavailable => (Kind::Unreachable, Retry::Soon),
        Code::ResourceExhausted => (Kind::Busy, Retry::Later),
        Code::DeadlineExceeded => (Kind::Timeout, Retry::Interrupted),
        // The connection was closed under the call; tonic also calls so a deadline that it enforced.
        Code::Cancelled => (Kind::Timeout, Retry::Interrupted),
        Code::Aborted | Code::Internal | Code::Unknown | Code::DataLoss => {
            (Kind::Other, Retry::Soon)
        }
        Code::PermissionDenied | Code::Unauthenticated => {
            (Kind::PermissionDenied, Retry::IfAllowed)
        }
        Code::InvalidArgument | Code::OutOfRange => (Kind::InvalidArgument, Retry::Never),
        Code::NotFound => (Kind::NotFound, Retry::Never),
        Code::Unimplemented => (Kind::Unimplemented, Retry::Never),
        Code::Ok | Code::AlreadyExists | Code::FailedPrecondition => (Kind::Other, Retry::Never),
    }
}

/// The code as gRPC's specification writes it.
pub(crate) const fn name_of_code(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

impl CallError {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Status(status) => kind(status),
            Self::Oversized(_) => Kind::TooLarge,
            Self::Malformed(_) | Self::Codec(_) => Kind::Other,
        }
    }

    /// A repeated request would get the same malformed response until the server is fixed.
    pub(crate) fn retry(&self) -> Retry {
        match self {
            Self::Status(status) => retry(status),
            Self::Malformed(_) | Self::Codec(_) | Self::Oversized(_) => Retry::Never,
        }
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.kind() == Kind::NotFound
    }

    /// Whether what the request names does not exist, in a namespace that does.
    pub(crate) fn is_missing(&self) -> bool {
        self.is_not_found() && self.missing_namespace().is_none()
    }

    /// Whether the namespace that is to be deleted does not exist. A real server says so of a deletion as of an
    /// argument that is wrong, and in other words of any other argument.
    pub(crate) fn is_missing_to_delete(&self) -> bool {
        let is_argument = self.code() == Code::InvalidArgument;
        self.is_not_found() || is_argument && self.message().ends_with(" is not found")
    }

    /// Whether what is to be created is there.
    pub(crate) fn is_already_exists(&self) -> bool {
        self.code() == Code::AlreadyExists
    }

    /// Whether it is no more as the request says.
    pub(crate) fn is_failed_precondition(&self) -> bool {
        self.code() == Code::FailedPrecondition
    }

    /// Whether the activity that is to be paused is paused. Other preconditions, as the state of the namespace, have
    /// the same code.
    pub(crate) fn is_already_paused(&self) -> bool {
        self.is_failed_precondition() && self.message() == "activity is already paused"
    }

    pub(crate) fn is_too_large(&self) -> bool {
        self.kind() == Kind::TooLarge
    }

    /// Whether it comes from a server that is reachable, if only as a refusal.
    pub(crate) fn is_answer(&self) -> bool {
        !matches!(self.kind(), Kind::Unreachable | Kind::Timeout)
    }

    /// Whether the request or its answer is over gRPC's limit for one message.
    pub(crate) fn is_over_message_limit(&self) -> bool {
        match self {
            Self::Status(status) => is_too_large(status),
            Self::Malformed(_) | Self::Codec(_) | Self::Oversized(_) => false,
        }
    }

    /// gRPC's name of the code, for logs.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Status(status) => status.code(),
            Self::Oversized(_) => Code::ResourceExhausted,
            Self::Malformed(_) | Self::Codec(_) => Code::Internal,
        }
    }

    /// What the server says.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Status(status) => status.message().to_owned(),
            Self::Malformed(error) => malformed(error),
            Self::Codec(fault) => fault.to_string(),
            Self::Oversized(oversized) => oversized.to_string(),
        }
    }

    pub(crate) fn into_status(self) -> Status {
        match self {
            Self::Status(status) => status,
            Self::Malformed(error) => Status::internal(malformed(&error)),
            Self::Codec(fault) => Status::internal(fault.to_string()),
            Self::Oversized(oversized) => Status::resource_exhausted(oversized.to_string()),
        }
    }

    /// The details that the server sent with a refusal, whose payloads are encoded by codecs.
    pub(crate) fn details(&self) -> Option<rpc::Status> {
        match self {
            Self::Status(status) if !status.details().is_empty() => {
                rpc::Status::decode(status.details()).ok()
            }
            Self::Status(_) | Self::Malformed(_) | Self::Codec(_) | Self::Oversized(_) => None,
        }
    }

    /// The same refusal, with these details in place of its own.
    pub(crate) fn with_details(self, details: &rpc::Status) -> Self {
        match self {
            Self::Status(status) => {
                let details = details.encode_to_vec().into();
                rebuilt(&status, status.message(), details)
            }
            Self::Malformed(_) | Self::Codec(_) | Self::Oversized(_) => self,
        }
    }

    /// The same refusal, with the parts of the request that are large if it is because of the size.
    pub(crate) fn naming(self, large: Option<&str>) -> Self {
        match (self, large) {
            (Self::Status(status), Some(large)) if kind(&status) == Kind::TooLarge => {
                let message = format!("{}: {large}", status.message().trim_end_matches('.'));
                rebuilt(&status, &message, status.details().to_vec().into())
            }
            (other, _) => other,
        }
    }

    /// Reads the details that only some operations expect.
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::Status(status) => reason(status, &read_details(status)),
            Self::Malformed(_) | Self::Codec(_) | Self::Oversized(_) => Reason::Unspecific,
        }
    }

    /// The namespace of the request, if the server does not have it.
    pub(crate) fn missing_namespace(&self) -> Option<String> {
        match self {
            Self::Status(status) => missing_namespace(&read_details(status)),
            Self::Malformed(_) | Self::Codec(_) | Self::Oversized(_) => None,
        }
    }

    /// The reason in a server's PERMISSION_DENIED.
    pub(crate) fn denial(&self) -> Option<String> {
        let Self::Status(status) = self else {
            return None;
        };
        let denied: details::PermissionDeniedFailure =
            find(&read_details(status), "PermissionDeniedFailure")?;
        Some(denied.reason).filter(|reason| !reason.is_empty())
    }
}

impl From<Status> for CallError {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<CodecFault> for CallError {
    fn from(fault: CodecFault) -> Self {
        Self::Codec(fault)
    }
}

impl From<WireError> for CallError {
    fn from(error: WireError) -> Self {
        Self::Malformed(error)
    }
}

/// The same status with another message and other details.
fn rebuilt(status: &Status, message: &str, details: Bytes) -> CallError {
    let metadata = status.metadata().clone();
    Status::with_details_and_metadata(status.code(), message, details, metadata).into()
}

fn malformed(error: &WireError) -> String {
    format!("malformed response: {error}")
}

fn kind(status: &Status) -> Kind {
    let (kind, _) = table(status.code());
    match kind {
        Kind::InvalidArgument if is_over_a_limit(status.message()) => Kind::TooLarge,
        Kind::Busy | Kind::InvalidArgument if is_too_large(status) => Kind::TooLarge,
        // The fault below is one of the connection.
        Kind::Other
            if matches!(status.code(), Code::Unknown | Code::Internal)
                && std::error::Error::source(status).is_some() =>
        {
            Kind::Unreachable
        }
        kind => kind,
    }
}

pub(crate) fn retry(status: &Status) -> Retry {
    if is_too_large(status) {
        return Retry::Never;
    }
    let (_, retry) = table(status.code());
    retry
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
    pub(crate) fn into_error(self) -> CallError {
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
        Status::with_details(code.into(), message, envelope.encode_to_vec().into()).into()
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

/// The text of a refusal, with what helps where the server does not say it.
pub(crate) fn with_remedy(message: String) -> String {
    let parts = message
        .split_once("Namespace ")
        .and_then(|(_, rest)| rest.split_once(" has no mapping defined for search attribute "));
    let Some((namespace, name)) = parts else {
        return message;
    };
    let name = name.split_whitespace().next().unwrap_or_default();
    let command = format!(
        "temporal operator search-attribute create --namespace {namespace} --name {name} --type Keyword"
    );
    format!(
        "{message}; `{command}` registers it (with its own type), and `.search_attribute(..)` of an embedded server does"
    )
}

/// Whether the server does not have the namespace of the request.
pub(crate) fn is_about_a_missing_namespace(status: &Status) -> bool {
    is_namespace_missing(&read_details(status))
}

fn is_namespace_missing(details: &[Any]) -> bool {
    missing_namespace(details).is_some()
}

/// Its name. A deletion marks the namespace as deleted before it frees the name, and the server answers with that state
/// meanwhile.
fn missing_namespace(all: &[Any]) -> Option<String> {
    let missing = find::<details::NamespaceNotFoundFailure>(all, "NamespaceNotFoundFailure");
    let missing = missing.map(|it| it.namespace);
    missing.or_else(|| {
        find::<details::NamespaceInvalidStateFailure>(all, "NamespaceInvalidStateFailure")
            .filter(|it| it.state() == NamespaceState::Deleted)
            .map(|it| it.namespace)
    })
}

/// The second text answers an update that its run had not accepted when it closed.
fn is_about_a_closed_run(message: &str) -> bool {
    // "Invalid activityID or activity already completed" is about a run that goes on.
    message.contains("already completed") && !message.contains("activity already completed")
        || message.contains("aborted by closing workflow")
}

/// The server names what is missing by its words alone: `update "u-1" not found`.
fn is_about_an_update(message: &str) -> bool {
    message.starts_with("update ") && message.ends_with(" not found")
}

/// The server refuses a payload over its limit as an invalid argument, known by its words alone.
fn is_over_a_limit(message: &str) -> bool {
    message.contains("exceeds size limit") || message.contains("exceeds limit")
}

/// gRPC uses one code for a busy server and for a message over the size limit; some servers call the latter out
/// of range.
fn is_too_large(status: &Status) -> bool {
    status.message().contains("message larger than max")
        || status.message().contains("message length too large")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_that_is_not_registered_comes_with_the_command_that_registers_it() {
        let refused =
            "BadSearchAttributes: Namespace shop has no mapping defined for search attribute Color";
        let expected = "BadSearchAttributes: Namespace shop has no mapping defined for search attribute Color; \
             `temporal operator search-attribute create --namespace shop --name Color --type Keyword` registers it \
             (with its own type), and `.search_attribute(..)` of an embedded server does";
        assert_eq!(with_remedy(refused.to_owned()), expected);
        assert_eq!(with_remedy("no".to_owned()), "no");
    }

    const CODES: [Code; 17] = [
        Code::Ok,
        Code::Cancelled,
        Code::Unknown,
        Code::InvalidArgument,
        Code::DeadlineExceeded,
        Code::NotFound,
        Code::AlreadyExists,
        Code::PermissionDenied,
        Code::ResourceExhausted,
        Code::FailedPrecondition,
        Code::Aborted,
        Code::OutOfRange,
        Code::Unimplemented,
        Code::Internal,
        Code::Unavailable,
        Code::DataLoss,
        Code::Unauthenticated,
    ];

    #[test]
    fn all_but_a_server_that_cannot_be_reached_answers() {
        let no_answer = CODES
            .into_iter()
            .filter(|code| !CallError::from(Status::new(*code, "")).is_answer());
        let expected = [Code::Cancelled, Code::DeadlineExceeded, Code::Unavailable];
        assert_eq!(no_answer.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_passing_fault_is_retried_and_a_refusal_is_final() {
        let retried = CODES.map(|code| (code, retry(&Status::new(code, ""))));
        let passing: Vec<Code> = retried
            .iter()
            .filter(|(_, retry)| !matches!(retry, Retry::Never | Retry::IfAllowed))
            .map(|(code, _)| *code)
            .collect();
        assert_eq!(
            passing,
            [
                Code::Cancelled,
                Code::Unknown,
                Code::DeadlineExceeded,
                Code::ResourceExhausted,
                Code::Aborted,
                Code::Internal,
                Code::Unavailable,
                Code::DataLoss,
            ]
        );
    }

    #[test]
    fn a_message_over_the_limit_is_not_a_busy_server() {
        let size = "grpc: received message larger than max (5 vs. 4)";
        let large = CallError::from(Status::resource_exhausted(size));
        assert_eq!(
            (large.kind(), large.retry()),
            (Kind::TooLarge, Retry::Never)
        );
        let size = "decoded message length too large: more than 5 bytes";
        let large = CallError::from(Status::resource_exhausted(size));
        assert_eq!(
            (large.kind(), large.retry()),
            (Kind::TooLarge, Retry::Never)
        );
        assert!(large.is_over_message_limit());
        let size = "Error, decoded message length too large: found 5 bytes, the limit is: 4 bytes";
        let large = CallError::from(Status::out_of_range(size));
        assert_eq!(
            (large.kind(), large.retry()),
            (Kind::TooLarge, Retry::Never)
        );
        assert!(large.is_over_message_limit());
        let busy = CallError::from(Status::resource_exhausted("slow down"));
        assert_eq!((busy.kind(), busy.retry()), (Kind::Busy, Retry::Later));
        assert!(!busy.is_over_message_limit());
        let name = CallError::from(Status::invalid_argument("TaskQueue length exceeds limit."));
        assert!(name.is_too_large() && !name.is_over_message_limit());
    }
}

//! Why a request is refused, in the server's own words; [`crate::grpc::status`] says it in gRPC's.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use durably_history::{Invalid, Rejection, RunId};

use crate::matching::query::QueryFailed;
use crate::visibility::query::QueryError;

/// Why a server could not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on; most often another process does already. Port 0 takes
    /// any free one.
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// A namespace was named twice.
    NamespaceTwice(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { address, source } => write!(f, "cannot listen on {address}: {source}"),
            Self::NamespaceTwice(name) => write!(f, "namespace `{name}` is named twice"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen { source, .. } => Some(source),
            Self::NamespaceTwice(_) => None,
        }
    }
}

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) enum Error {
    /// The run refused it.
    Rejected(Rejection),
    /// The store failed; the request has had no effect.
    Store(StoreError),
    /// There is no namespace of that name.
    NamespaceNotFound(String),
    /// There already is a namespace of that name.
    NamespaceExists(String),
    /// There is no such execution, run, task or update.
    NotFound(String),
    /// The workflow id is in use.
    AlreadyStarted(AlreadyStarted),
    /// The request itself is wrong.
    Invalid(String),
    /// The query of List or Count is wrong.
    Query(QueryError),
    /// A worker answered a query with an error.
    QueryFailed(Box<QueryFailed>),
    /// The workflow has not come far enough to be queried.
    NotReady(&'static str),
    /// The state of things does not allow it.
    Precondition(String),
    /// The server does not offer it.
    PermissionDenied(&'static str),
    /// Nobody answered in time.
    DeadlineExceeded(&'static str),
    /// The server stops, or the client should try again for another reason.
    Unavailable(&'static str),
    /// The request was overtaken; the client should send it again.
    Aborted(&'static str),
    /// One of several operations sent together failed.
    MultiOperation(Vec<OperationResult>),
}

/// What became of one of several operations sent together.
#[derive(Clone, Debug)]
pub(crate) enum OperationResult {
    /// It was done.
    Done,
    /// It was not done, because another one failed.
    Aborted,
    /// It failed by itself.
    Failed(Error),
}

/// See [`Error::AlreadyStarted`].
#[derive(Clone, Debug)]
pub(crate) struct AlreadyStarted {
    pub(crate) message: String,
    pub(crate) start_request_id: String,
    pub(crate) run_id: String,
    pub(crate) first_run_id: String,
}

/// The store could not do its work. The caller may try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreError {
    /// The events of a change do not continue those that are kept.
    Conflict { run_id: RunId },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { run_id } => {
                write!(f, "the store holds another history of run {run_id}")
            }
        }
    }
}

impl std::error::Error for StoreError {}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid.0)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<QueryError> for Error {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

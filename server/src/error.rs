//! Errors of the server: why a start failed, and why a request is refused. [`crate::grpc::status`]
//! maps the latter to gRPC statuses.

#[cfg(feature = "sqlite")]
mod database;

use std::fmt;
use std::io;
use std::net::SocketAddr;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;

use durably_history::{Invalid, Rejection};
use durably_proto::api::enums::v1::NamespaceState;

#[cfg(feature = "sqlite")]
pub use self::database::DatabaseProblem;
use crate::deployment::ChangeError;
use crate::matching::query::QueryFailed;
use crate::name::ExecutionName;
use crate::visibility::BadPageToken;
use crate::visibility::query::QueryError;

/// Error of starting a server.
///
/// ```
/// use durably_server::{Server, StartError};
///
/// # #[tokio::main]
/// # async fn main() {
/// let server = Server::builder().namespace("shop").namespace("shop").start().await;
/// assert!(matches!(server, Err(StartError::NamespaceTwice(name)) if name == "shop"));
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on, most often because another process listens on it already.
    /// Port 0 takes any free port.
    Listen {
        /// The address of [`ServerBuilder::listen`](crate::ServerBuilder::listen) or its default.
        address: SocketAddr,
        /// The operating system's error.
        source: io::Error,
    },
    /// A certificate or key of [`ServerBuilder::tls`](crate::ServerBuilder::tls) is of no use.
    #[cfg(feature = "tls")]
    Tls {
        /// What is wrong, with the name of the file.
        problem: String,
    },
    /// [`ServerBuilder::api_key`](crate::ServerBuilder::api_key) was called with a key that cannot be used; the
    /// reason. The key is not shown.
    ApiKey(&'static str),
    /// [`ServerBuilder::namespace`](crate::ServerBuilder::namespace) was called twice with this
    /// name.
    NamespaceTwice(String),
    /// A namespace of [`ServerBuilder::namespace`](crate::ServerBuilder::namespace) cannot be
    /// registered.
    Namespace {
        /// Its name.
        name: String,
        /// Why not.
        problem: String,
    },
    /// A search attribute of
    /// [`ServerBuilder::search_attribute`](crate::ServerBuilder::search_attribute) cannot be
    /// registered.
    SearchAttribute {
        /// Its name.
        name: String,
        /// Why not.
        problem: String,
    },
    /// The database cannot be opened.
    #[cfg(feature = "sqlite")]
    Database {
        /// The path as it was given.
        path: PathBuf,
        /// Why it cannot be opened, and what to do about it.
        problem: DatabaseProblem,
    },
    /// What is stored cannot be read, or a namespace cannot be stored: the database is damaged, or
    /// the disk fails or is full.
    Store {
        /// What is wrong.
        problem: String,
    },
}

impl StartError {
    pub(crate) fn store(error: StoreError) -> Self {
        Self::Store {
            problem: error.to_string(),
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { address, source } => write!(f, "cannot listen on {address}: {source}"),
            #[cfg(feature = "tls")]
            Self::Tls { problem } => write!(f, "cannot serve over TLS: {problem}"),
            Self::ApiKey(problem) => write!(f, "the API key cannot be used: {problem}"),
            Self::NamespaceTwice(name) => write!(f, "namespace `{name}` is named twice"),
            Self::Namespace { name, problem } => {
                write!(f, "namespace `{name}` cannot be registered: {problem}")
            }
            Self::SearchAttribute { name, problem } => {
                write!(
                    f,
                    "search attribute `{name}` cannot be registered: {problem}"
                )
            }
            #[cfg(feature = "sqlite")]
            Self::Database { path, problem } => {
                write!(f, "cannot open database `{}`: {problem}", path.display())
            }
            Self::Store { problem } => f.write_str(problem),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen { source, .. } => Some(source),
            Self::ApiKey(_)
            | Self::NamespaceTwice(_)
            | Self::Namespace { .. }
            | Self::SearchAttribute { .. }
            | Self::Store { .. } => None,
            #[cfg(feature = "tls")]
            Self::Tls { .. } => None,
            #[cfg(feature = "sqlite")]
            Self::Database {
                problem: DatabaseProblem::Io(error),
                ..
            } => Some(error),
            #[cfg(feature = "sqlite")]
            Self::Database { .. } => None,
        }
    }
}

/// Why a server has stopped by itself: see [`Server::failed`](crate::Server::failed).
///
/// ```no_run
/// # async fn example(server: durably_server::Server) {
/// let reason: durably_server::ServerFailed = server.failed().await;
/// eprintln!("{reason}");
/// # }
/// ```
#[derive(Debug)]
pub struct ServerFailed(pub(crate) String);

impl fmt::Display for ServerFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ServerFailed {}

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) enum Error {
    /// The history core rejected the input.
    Rejected(Rejection),
    /// The store failed; the request had no effect.
    Store(StoreError),
    /// No namespace has this name or id.
    NamespaceNotFound(String),
    /// The namespace is deprecated or deleted, and does not permit this.
    NamespaceState {
        namespace: String,
        state: NamespaceState,
        allowed: &'static [NamespaceState],
    },
    /// A namespace has this name already.
    NamespaceExists(String),
    /// No such execution, run, task or update.
    NotFound(String),
    /// The workflow id is in use.
    AlreadyStarted(AlreadyStarted),
    /// A field of the request is invalid.
    Invalid(String),
    /// The filter of a List or Count request is invalid.
    Query(QueryError),
    /// The worker answered the query with an error.
    QueryFailed(Box<QueryFailed>),
    /// The workflow is not in a state in which it can be queried.
    NotReady(&'static str),
    /// A precondition other than the workflow's state does not hold.
    Precondition(String),
    /// There is one of that name.
    AlreadyExists(String),
    /// There are too many worker deployments, versions or task queues of versions.
    DeploymentLimit(String),
    /// Too many of them are running.
    Exhausted(&'static str),
    /// The embedded server does not implement the requested feature.
    Unimplemented(String),
    /// The server does not permit the operation.
    PermissionDenied(&'static str),
    /// The deadline expired before an answer.
    DeadlineExceeded(&'static str),
    /// The server is shutting down, or the client should retry for another reason.
    Unavailable(&'static str),
    /// A concurrent request changed the run meanwhile; the client should retry.
    Aborted(&'static str),
    /// An operation of a multi-operation request failed.
    MultiOperation(Vec<OperationResult>),
}

impl From<ChangeError> for Error {
    fn from(error: ChangeError) -> Self {
        let message = error.to_string();
        match error {
            ChangeError::UnknownDeployment(_) | ChangeError::UnknownBuild { .. } => {
                Self::NotFound(message)
            }
            ChangeError::Conflict
            | ChangeError::AlreadyCurrent(_)
            | ChangeError::MissingQueues { .. }
            | ChangeError::OtherManager { .. }
            | ChangeError::HasVersions
            | ChangeError::CurrentOrRamping(_)
            | ChangeError::Draining(_)
            | ChangeError::HasPollers(_) => Self::Precondition(message),
            ChangeError::DeploymentExists(_) | ChangeError::VersionExists(_) => {
                Self::AlreadyExists(message)
            }
            ChangeError::TooManyDeployments
            | ChangeError::TooManyVersions(_)
            | ChangeError::TooManyQueues(_)
            | ChangeError::TooManyVersionsOfQueue => Self::DeploymentLimit(message),
        }
    }
}

/// Result of one operation of a multi-operation request.
#[derive(Clone, Debug)]
pub(crate) enum OperationResult {
    /// The operation succeeded.
    Done,
    /// The operation was not applied, because another one failed.
    Aborted,
    /// The operation failed.
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

/// Error of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreError {
    /// A commit does not follow the commit before it; a retry finds the state that is stored.
    Conflict { execution: ExecutionName },
    /// What is stored cannot be read.
    Corrupted(String),
    /// The database failed; a retry may succeed.
    Failed(String),
    /// The store has stopped.
    Stopped,
    /// The store can write no more, and the server stops.
    Broken,
}

/// Error of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListError {
    /// The page token was not issued by this server.
    BadPageToken,
    /// The store failed.
    Store(StoreError),
}

impl StoreError {
    /// A panic has left the live state half changed; a retry finds what is stored.
    pub(crate) fn panicked() -> Self {
        Self::Failed("the server panicked while it handled the workflow; try again".to_owned())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { execution } => {
                write!(f, "a concurrent commit changed {execution}; try again")
            }
            Self::Corrupted(what) => write!(f, "the database is damaged: {what}"),
            Self::Failed(problem) => write!(f, "the database failed: {problem}"),
            Self::Stopped => f.write_str("the server is shutting down"),
            Self::Broken => f.write_str(
                "the thread that writes the database has panicked, which is a bug of the server; it stops",
            ),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<BadPageToken> for ListError {
    fn from(_: BadPageToken) -> Self {
        Self::BadPageToken
    }
}

impl From<StoreError> for ListError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ListError> for Error {
    fn from(error: ListError) -> Self {
        match error {
            ListError::BadPageToken => Self::Invalid("Invalid NextPageToken.".to_owned()),
            ListError::Store(error) => Self::Store(error),
        }
    }
}

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

//! What any request to the server can meet.

use std::fmt;

use super::Error;
use crate::{
    options::InvalidOptions,
    wire::status::{CallError, Kind, RawStatus, with_remedy},
};

/// A request was refused for a reason that has nothing to do with the workflow it was about, or
/// did not reach the server.
///
/// Passing faults were retried before they are reported here.
///
/// ```no_run
/// use durably::{error::RpcError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.count("ExecutionStatus = 'Running'").timeout(secs(5)).await {
///     Ok(running) => println!("{running} are running"),
///     Err(error) if error.is_timeout() => println!("no answer yet: {error}"),
///     Err(RpcError::Unreachable { message, .. }) => println!("no server: {message}"),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum RpcError {
    /// There is no such namespace. Register it (`temporal operator namespace create`), or look for
    /// a slip in the name the client was given.
    NamespaceNotFound {
        /// The name the client was given.
        namespace: String,
    },
    /// The credentials are missing, wrong, or not enough.
    PermissionDenied {
        /// What the server says.
        message: String,
    },
    /// The server does not take an option or a value.
    InvalidArgument {
        /// What the server says.
        message: String,
    },
    /// Arguments, a result or details are over the server's size limit (2 MiB each by default);
    /// keep large data elsewhere and pass a reference.
    TooLarge {
        /// What the server says.
        message: String,
    },
    /// The server asks to slow down.
    Busy {
        /// What the server says.
        message: String,
    },
    /// No answer came in time: within the `.timeout(..)` of the call, or from a server that kept silent.
    /// For results, queries and updates the usual cause is that no worker polls the workflow's task
    /// queue. The server may have received the request all the same, and may have carried it out.
    Timeout {
        /// What was waited for, and how long.
        message: String,
    },
    /// The server could not be reached, or went away.
    Unreachable {
        /// What failed.
        message: String,
        /// The fault below, if it is known.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The server does not know the request: it is older, or the embedded one does not have it.
    Unimplemented {
        /// What the server says.
        message: String,
    },
    /// The server's response lacks something, or holds something that cannot be read. The server is
    /// newer or older than this version knows, or what answers is not one.
    MalformedResponse {
        /// What is wrong with it.
        message: String,
    },
    /// A payload codec could not transform what was to be sent, or what was received: a codec or a key is
    /// missing, the payload is damaged, or the codec failed.
    Codec {
        /// Which codec, which payload, and why.
        message: String,
    },
    /// An [interceptor](crate::interceptor::ClientInterceptor) of the client failed the call, with an error that is
    /// none of the call's own; or it panicked.
    Interceptor {
        /// What the interceptor returned: `error.is::<Forbidden>()` finds an error of its own.
        error: Error,
    },
    /// Anything else.
    Other {
        /// gRPC's name for it.
        code: String,
        /// What the server says.
        message: String,
    },
}

/// What is said of a namespace that the server does not have.
pub(crate) fn no_namespace(namespace: &str) -> String {
    format!(
        "there is no namespace `{namespace}` on this server; `temporal operator namespace create -n \
         {namespace}` makes one"
    )
}

impl RpcError {
    /// Whether no answer came in time ([`RpcError::Timeout`]).
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }
}

impl RpcError {
    /// The error as callers of the raw client get it.
    pub(crate) fn into_status(self) -> RawStatus {
        let text = self.to_string();
        match self {
            Self::NamespaceNotFound { .. } => RawStatus::not_found(text),
            Self::PermissionDenied { message } => RawStatus::permission_denied(message),
            Self::InvalidArgument { message } => RawStatus::invalid_argument(message),
            Self::TooLarge { message } | Self::Busy { message } => {
                RawStatus::resource_exhausted(message)
            }
            Self::Timeout { message } => RawStatus::deadline_exceeded(message),
            Self::Unreachable { message, .. } => RawStatus::unavailable(message),
            Self::Unimplemented { message } => RawStatus::unimplemented(message),
            Self::MalformedResponse { .. } | Self::Codec { .. } => RawStatus::internal(text),
            Self::Interceptor { .. } | Self::Other { .. } => RawStatus::unknown(text),
        }
    }
}

impl From<CallError> for RpcError {
    fn from(error: CallError) -> Self {
        if let Some(namespace) = error.missing_namespace() {
            return Self::NamespaceNotFound { namespace };
        }
        let status = match error {
            CallError::Malformed(error) => {
                let message = error.to_string();
                return Self::MalformedResponse { message };
            }
            CallError::Codec(fault) => {
                let message = fault.to_string();
                return Self::Codec { message };
            }
            CallError::Status(_) | CallError::Oversized(_) => error,
        };
        let message = status.message();
        match status.kind() {
            Kind::PermissionDenied => Self::PermissionDenied {
                message: status.denial().unwrap_or(message),
            },
            Kind::InvalidArgument => Self::InvalidArgument {
                message: with_remedy(message),
            },
            Kind::TooLarge => Self::TooLarge { message },
            Kind::Busy => Self::Busy { message },
            Kind::Timeout => Self::Timeout {
                message: match &*message {
                    "Timeout expired" => {
                        "the server took longer than the request allows".to_owned()
                    }
                    _ => message,
                },
            },
            Kind::Unreachable => {
                let status = status.into_status();
                Self::Unreachable {
                    message,
                    source: std::error::Error::source(&status)
                        .is_some()
                        .then(|| status.into()),
                }
            }
            Kind::Unimplemented => Self::Unimplemented { message },
            Kind::NotFound | Kind::Other => Self::Other {
                code: format!("{:?}", status.code()),
                message,
            },
        }
    }
}

impl From<InvalidOptions> for RpcError {
    fn from(invalid: InvalidOptions) -> Self {
        Self::InvalidArgument {
            message: invalid.to_string(),
        }
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NamespaceNotFound { namespace } => f.write_str(&no_namespace(namespace)),
            Self::PermissionDenied { message } => write!(f, "permission denied: {message}"),
            Self::InvalidArgument { message } => write!(f, "invalid argument: {message}"),
            Self::TooLarge { message } => write!(f, "over the size limit: {message}"),
            Self::Busy { message } => write!(f, "the server is busy: {message}"),
            Self::Timeout { message } => write!(f, "no answer in time: {message}"),
            Self::Unreachable { message, .. } => {
                write!(f, "the server cannot be reached: {message}")
            }
            Self::Unimplemented { message } => {
                write!(f, "the server does not know this request: {message}")
            }
            Self::MalformedResponse { message } => write!(f, "malformed response: {message}"),
            Self::Codec { message } => f.write_str(message),
            Self::Interceptor { error } => {
                write!(f, "an interceptor of the client failed the call: {error}")
            }
            Self::Other { code, message } => write!(f, "{code}: {message}"),
        }
    }
}

impl std::error::Error for RpcError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreachable {
                source: Some(source),
                ..
            } => Some(&**source),
            Self::Interceptor { error } => Some(error.as_std()),
            _ => None,
        }
    }
}

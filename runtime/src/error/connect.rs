//! Why a client could not connect.

use std::fmt;

use super::RpcError;

/// Why a client could not be made.
///
/// ```no_run
/// use durably::{error::ConnectError, prelude::*};
///
/// # async fn example() -> Result<()> {
/// let client = match Client::connect("localhost:7233").await {
///     Err(ConnectError::Unreachable { address, .. }) => bail!("start a server at {address}"),
///     client => client?,
/// };
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// What `temporal.toml` or a variable `TEMPORAL_*` says is wrong.
    Configuration {
        /// What is wrong, with the file and line, or the variable.
        problem: String,
    },
    /// The address is not one.
    Address {
        /// The address as it was passed.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The URL of a codec endpoint is not one.
    CodecEndpoint {
        /// The URL as it was passed.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The address requires TLS, and this program was built without it.
    TlsMissing {
        /// The address as it was passed.
        address: String,
    },
    /// The options of TLS are of no use: a file that cannot be read, a key of another certificate.
    TlsOptions {
        /// What is wrong with them.
        reason: String,
    },
    /// Client and server do not agree on TLS: a certificate that one of them does not accept, or only
    /// one of them speaks it.
    Tls {
        /// What was tried.
        address: String,
        /// What they do not agree on.
        reason: String,
    },
    /// The API key would be sent without TLS.
    PlainApiKey {
        /// The address as it was passed.
        address: String,
    },
    /// The proxy is not reached, makes no connection to the server, or its URL is wrong.
    Proxy {
        /// The proxy, without its password.
        proxy: String,
        /// What failed.
        reason: String,
    },
    /// A header, or the API key, has characters that cannot be sent.
    Header {
        /// The header's name.
        name: String,
    },
    /// Nothing answers at the address.
    Unreachable {
        /// What was tried.
        address: String,
        /// What failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something answers at the address, but it is not a Temporal server.
    NotTemporal {
        /// What was tried.
        address: String,
        /// The answer: its HTTP status, content type and first bytes, as far as it has them.
        message: String,
    },
    /// The server answers, and refuses us.
    Refused {
        /// What was tried.
        address: String,
        /// Why.
        source: RpcError,
    },
    /// The embedded server did not start.
    Embedded {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration { problem } => {
                write!(f, "the configuration of the connection is wrong: {problem}")
            }
            Self::Address { address, reason } => write!(
                f,
                "`{address}` is not a server address: {reason}; write `localhost:7233` or \
                 `http://localhost:7233`"
            ),
            Self::CodecEndpoint { endpoint, reason } => write!(
                f,
                "`{endpoint}` is not the URL of a codec endpoint: {reason}; write \
                 `http://localhost:8081` or `https://codecs.acme.com/{{namespace}}`"
            ),
            Self::TlsMissing { address } => write!(
                f,
                "`{address}` asks for TLS, without which this program was built: add the feature \
                 `tls` of durably (`cargo add durably --features tls`); a local server is reached by \
                 `http://`"
            ),
            Self::TlsOptions { reason } => write!(f, "TLS cannot be used: {reason}"),
            Self::Tls { address, reason } => {
                write!(f, "no TLS connection to {address}: {reason}")
            }
            Self::PlainApiKey { address } => write!(
                f,
                "the API key would be sent to `{address}` without TLS, where others can read it; \
                 write `https://`, or call `.allow_plain_api_key()`"
            ),
            Self::Proxy { proxy, reason } => {
                write!(f, "no connection through proxy {proxy}: {reason}")
            }
            Self::Header { name } => {
                write!(f, "header `{name}` has characters that cannot be sent")
            }
            Self::Unreachable { address, source } => write!(
                f,
                "no Temporal server can be reached at {address} ({}); is it running, and is the \
                 address right? `temporal server start-dev` starts one at localhost:7233",
                root_of(&**source)
            ),
            Self::NotTemporal { address, message } => write!(
                f,
                "something answers at {address}, but it is not a Temporal server ({message}); is the \
                 port that of the gRPC frontend (7233, not the web UI's), is a proxy in between, and is TLS \
                 expected?"
            ),
            Self::Refused { address, source } => {
                write!(f, "the Temporal server at {address} refuses us: {source}")
            }
            Self::Embedded { source } => write!(f, "the embedded server did not start: {source}"),
        }
    }
}

/// The innermost cause: of a failed connection only that tells anything.
fn root_of(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |&error| error.source())
        .last()
        .unwrap_or(error)
        .to_string()
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreachable { source, .. } | Self::Embedded { source } => Some(&**source),
            Self::Refused { source, .. } => Some(source),
            Self::Configuration { .. }
            | Self::Address { .. }
            | Self::CodecEndpoint { .. }
            | Self::TlsMissing { .. }
            | Self::TlsOptions { .. }
            | Self::Tls { .. }
            | Self::PlainApiKey { .. }
            | Self::Proxy { .. }
            | Self::Header { .. }
            | Self::NotTemporal { .. } => None,
        }
    }
}

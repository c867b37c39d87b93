//! Errors of moving a server's clock.

use std::{fmt, time::Duration};

/// Why [`Server::advance`](crate::server::Server::advance) did not move the clock.
///
/// ```
/// # use durably::{error::AdvanceError, prelude::*};
/// # #[tokio::main]
/// # async fn main() -> Result<()> {
/// let server = durably::Server::start().await?;
/// let error = server.advance(days(8)).await.unwrap_err();
/// assert!(matches!(error, AdvanceError::NotSkipping));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdvanceError {
    /// The server's clock is the machine's, because it was started without
    /// [`skip_time`](crate::server::ServerBuilder::skip_time).
    NotSkipping,
    /// The clock would pass the year 2261.
    TooFar {
        /// How far it was to move.
        by: Duration,
    },
    /// The server stopped before the clock had moved.
    Stopped,
}

impl From<durably_server::AdvanceError> for AdvanceError {
    fn from(error: durably_server::AdvanceError) -> Self {
        match error {
            durably_server::AdvanceError::NotSkipping => Self::NotSkipping,
            durably_server::AdvanceError::TooFar(by) => Self::TooFar { by },
            durably_server::AdvanceError::Stopped => Self::Stopped,
        }
    }
}

impl fmt::Display for AdvanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSkipping => f.write_str(
                "the server's clock is the machine's and cannot be moved; start the server with \
                 `Server::builder().skip_time()`",
            ),
            Self::TooFar { by } => write!(
                f,
                "the clock cannot move by {} days: it would pass the year 2261, near the end of \
                 the time that the server can represent",
                by.as_secs() / 86_400
            ),
            Self::Stopped => f.write_str("the server stopped before the clock had moved"),
        }
    }
}

impl std::error::Error for AdvanceError {}

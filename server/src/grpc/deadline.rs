//! Deadlines of waiting requests.

use std::time::Duration;

use tokio::time::Instant;
use tonic::metadata::MetadataMap;

use crate::error::Error;

/// The limits of a waiting request: its client's deadline and the server's own.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaitLimit {
    client: Option<Instant>,
    server: Instant,
}

impl WaitLimit {
    /// Limits of a request with this metadata: the client's `grpc-timeout` and the server's
    /// `longest`.
    pub(super) fn of(metadata: &MetadataMap, longest: Duration) -> Self {
        let now = Instant::now();
        Self {
            client: client_timeout(metadata).map(|timeout| now + timeout),
            server: now + longest,
        }
    }

    /// The end of the wait.
    pub(super) fn end(&self) -> Instant {
        self.client
            .map_or(self.server, |client| client.min(self.server))
    }

    /// Returns an error once the client's deadline has expired: an empty answer would make the
    /// client repeat the request and never report its own deadline.
    ///
    /// # Errors
    /// [`Error::DeadlineExceeded`]; none if the server's own limit ended the wait.
    pub(super) fn check_client(&self) -> Result<(), Error> {
        match self.client {
            Some(client) if client <= Instant::now() => Err(EXPIRED),
            _ => Ok(()),
        }
    }
}

/// The error of a request that waited beyond its client's deadline.
pub(super) const EXPIRED: Error = Error::DeadlineExceeded("context deadline exceeded");

/// The deadline of a query: the client's or [`QUERY`].
pub(super) fn query_deadline(metadata: &MetadataMap) -> Instant {
    Instant::now() + client_timeout(metadata).unwrap_or(QUERY)
}

/// The deadline of a poll: early enough that the client receives the answer.
pub(super) fn poll_deadline(metadata: &MetadataMap, longest: Duration) -> Instant {
    let wait = match client_timeout(metadata) {
        Some(timeout) => longest.min(timeout.saturating_sub(RESPONSE_MARGIN.min(timeout / 10))),
        None => longest,
    };
    Instant::now() + wait
}

fn client_timeout(metadata: &MetadataMap) -> Option<Duration> {
    timeout(metadata.get("grpc-timeout")?.to_str().ok()?)
}

/// A `grpc-timeout`: at most eight digits and a unit.
fn timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(value * 3600)),
        "M" => Some(Duration::from_secs(value * 60)),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}

/// How long a poll waits for a task; the real server's value.
pub(super) const LONG_POLL: Duration = Duration::from_secs(60);
/// How long a read waits for new events; the real server's value.
pub(super) const HISTORY_POLL: Duration = Duration::from_secs(20);
/// How long a request waits for an update; the real server's value.
pub(super) const UPDATE_POLL: Duration = Duration::from_secs(20);
/// How long a request waits for the end of a fast-forward; the real server's value.
pub(super) const FAST_FORWARD_POLL: Duration = Duration::from_secs(20);
/// How long a query without a client deadline waits for a worker.
const QUERY: Duration = Duration::from_secs(30);
/// Part of a client's timeout that is left for the response to arrive.
const RESPONSE_MARGIN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_timeout_is_read() {
        assert_eq!(timeout("5S"), Some(Duration::from_secs(5)));
        assert_eq!(timeout("1500m"), Some(Duration::from_millis(1500)));
        assert_eq!(
            timeout("99999999H"),
            Some(Duration::from_secs(99_999_999 * 3600))
        );
        assert_eq!(timeout("123456789S"), None);
        assert_eq!(timeout("S"), None);
        assert_eq!(timeout(""), None);
        assert_eq!(timeout("5ß"), None);
    }
}

//! Deadlines of timeouts of any length.

use std::time::Duration;

use tokio::time::Instant;

/// A year: longer timeouts end with it. A clock can show no deadline after `Duration::MAX`, and gRPC's header for
/// timeouts has room for eight digits.
pub(super) const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);

/// When a timeout that begins now ends.
pub(super) fn deadline_in(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(LONGEST_TIMEOUT)
}

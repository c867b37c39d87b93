//! Retry policy of activities and workflows.

use std::time::Duration;

/// How often and how soon something that failed is tried again.
///
/// What is not given is decided by the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RetryPolicy {
    /// Pause before the second attempt.
    pub initial_interval: Option<Duration>,
    /// Factor by which the pause grows; 0 is "not given".
    pub backoff_coefficient: f64,
    /// Longest pause.
    pub maximum_interval: Option<Duration>,
    /// Number of attempts; 0 is no limit.
    pub maximum_attempts: u32,
    /// Kinds of application failure that are not tried again.
    pub non_retryable_error_types: Vec<String>,
}

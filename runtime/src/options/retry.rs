//! How failed attempts and failed runs are retried.

use std::time::Duration;

use durably_engine::RetryPolicy;

use crate::{data::Text, time::span::Span};

/// How failed attempts are retried.
///
/// ```
/// use durably::{Retry, mins, secs};
///
/// // Five attempts, with pauses of 2, 6, 18 and 54 seconds.
/// let retry = Retry::attempts(5)
///     .initial_interval(secs(2))
///     .backoff(3.0)
///     .maximum_interval(mins(1))
///     .not_for("CardDeclined");
/// assert_eq!(retry.max_attempts, 5);
///
/// // A single attempt.
/// assert_eq!(Retry::never(), Retry::attempts(1));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Retry {
    /// The highest number of attempts; 0 for no limit.
    pub max_attempts: u32,
    /// The pause before the second attempt; the server's default is one second.
    pub initial_interval: Option<Duration>,
    /// The longest pause; the server's default is a hundred times the initial one.
    pub maximum_interval: Option<Duration>,
    /// The factor by which each pause is longer than the one before; the server's default is 2.
    pub backoff: Option<f64>,
    /// Error types that are not retried.
    pub non_retryable: Vec<String>,
}

impl Retry {
    /// At most `n` attempts, the first included; 0 for no limit.
    pub fn attempts(n: u32) -> Self {
        Self {
            max_attempts: n,
            ..Self::default()
        }
    }

    /// One attempt only.
    pub fn never() -> Self {
        Self::attempts(1)
    }

    /// The pause before the second attempt; one second by default.
    #[must_use]
    pub fn initial_interval(mut self, pause: impl Span) -> Self {
        self.initial_interval = Some(pause.into_duration());
        self
    }

    /// The longest pause; a hundred times the initial one by default.
    #[must_use]
    pub fn maximum_interval(mut self, pause: impl Span) -> Self {
        self.maximum_interval = Some(pause.into_duration());
        self
    }

    /// The factor by which each pause is longer than the one before, 2 by default; 1 for equal pauses.
    #[must_use]
    pub fn backoff(mut self, factor: f64) -> Self {
        self.backoff = Some(factor);
        self
    }

    /// Failures of this error type ([`AppError::kind`](crate::AppError::kind)) are not retried; may be
    /// repeated.
    #[must_use]
    pub fn not_for(mut self, kind: impl Text) -> Self {
        self.non_retryable.push(kind.into_text());
        self
    }

    /// The policy that history records.
    pub(crate) fn recorded(policy: &RetryPolicy) -> Self {
        Self {
            max_attempts: policy.maximum_attempts,
            initial_interval: policy.initial_interval,
            maximum_interval: policy.maximum_interval,
            backoff: (policy.backoff_coefficient != 0.0).then_some(policy.backoff_coefficient),
            non_retryable: policy.non_retryable_error_types.clone(),
        }
    }

    /// The policy, as the engine takes it.
    ///
    /// The server refuses a policy whose pause is not given, so its documented defaults stand in.
    pub(crate) fn policy(&self) -> RetryPolicy {
        RetryPolicy {
            initial_interval: Some(self.initial_interval.unwrap_or(Duration::from_secs(1))),
            backoff_coefficient: self.backoff.unwrap_or(2.0),
            maximum_interval: self.maximum_interval,
            maximum_attempts: self.max_attempts,
            non_retryable_error_types: self.non_retryable.clone(),
        }
    }

    /// A policy that a server reports.
    pub(crate) fn from_policy(policy: RetryPolicy) -> Self {
        Self {
            max_attempts: policy.maximum_attempts,
            initial_interval: policy.initial_interval,
            maximum_interval: policy.maximum_interval,
            backoff: Some(policy.backoff_coefficient),
            non_retryable: policy.non_retryable_error_types,
        }
    }

    /// Adds what contradicts itself, a sentence each.
    pub(crate) fn check(&self, wrong: &mut Vec<String>) {
        if let Some(backoff) = self.backoff
            && (backoff.is_nan() || backoff < 1.0)
        {
            wrong.push(format!(
                "`retry.backoff` is {backoff}; a pause cannot shrink, use 1 or more"
            ));
        }
        for (name, pause) in [
            ("initial_interval", self.initial_interval),
            ("maximum_interval", self.maximum_interval),
        ] {
            if pause.is_some_and(|pause| pause.is_zero()) {
                wrong.push(format!(
                    "`retry.{name}` is zero, which would mean the default; leave it out"
                ));
            }
        }
        if let (Some(first), Some(longest)) = (self.initial_interval, self.maximum_interval)
            && first > longest
        {
            wrong.push(format!(
                "`retry.initial_interval` ({first:?}) is longer than `retry.maximum_interval` ({longest:?})"
            ));
        }
    }
}

impl From<Retry> for RetryPolicy {
    fn from(retry: Retry) -> Self {
        retry.policy()
    }
}

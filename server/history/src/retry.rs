//! Retry policies of activities and workflows.

use std::time::Duration;

use durably_proto::api::common::v1::RetryPolicy as RetryPolicyMessage;
use durably_proto::api::enums::v1::{RetryState, TimeoutType};
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::failure::v1::failure::FailureInfo;
use durably_proto::wkt;

use crate::rejection::Invalid;
use crate::time::{LONGEST, Time, check_duration, timeout_from_proto, to_proto};

/// Retry policy with the defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    initial_interval: Duration,
    backoff_coefficient: f64,
    maximum_interval: Duration,
    maximum_attempts: Option<u32>,
    non_retryable_error_types: Vec<String>,
}

/// Decision about a next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryDecision {
    /// Retry after this delay.
    After(Duration),
    /// No retry, for this reason.
    No(RetryState),
}

/// How a delay that the failure requests relates to the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestedDelay {
    /// The delay replaces the interval and its maximum, as for activities.
    Unlimited,
    /// The delay is limited by the maximum interval, as for workflows.
    Limited,
}

impl RetryPolicy {
    /// Converts a policy; fills unset fields with Temporal's defaults.
    ///
    /// # Errors
    /// [`Invalid`] if a field is out of range.
    pub fn from_proto(policy: &RetryPolicyMessage) -> Result<Self, Invalid> {
        let filled = with_defaults(policy);
        check(&filled)?;
        Ok(Self::as_given(&filled))
    }

    /// Converts a policy that is recorded, or that replaces one: nothing is filled in or refused.
    pub(crate) fn as_given(policy: &RetryPolicyMessage) -> Self {
        let interval = |interval| timeout_from_proto(interval).unwrap_or_default();
        let attempts = u32::try_from(policy.maximum_attempts);
        Self {
            initial_interval: interval(policy.initial_interval.as_ref()),
            backoff_coefficient: policy.backoff_coefficient,
            maximum_interval: interval(policy.maximum_interval.as_ref()),
            maximum_attempts: attempts.ok().filter(|n| *n != 0),
            non_retryable_error_types: policy.non_retryable_error_types.clone(),
        }
    }

    /// The policy as events record it.
    pub fn to_proto(&self) -> RetryPolicyMessage {
        RetryPolicyMessage {
            initial_interval: unless_zero(self.initial_interval),
            backoff_coefficient: self.backoff_coefficient,
            maximum_interval: unless_zero(self.maximum_interval),
            maximum_attempts: self
                .maximum_attempts
                .map_or(0, |n| i32::try_from(n).unwrap_or(i32::MAX)),
            non_retryable_error_types: self.non_retryable_error_types.clone(),
        }
    }

    /// Maximum number of attempts; none for no limit.
    pub fn maximum_attempts(&self) -> Option<u32> {
        self.maximum_attempts
    }

    /// Decides whether another attempt follows `attempt`, which failed with `failure`; none starts
    /// after `expires_at`.
    pub fn next(
        &self,
        attempt: u32,
        failure: Option<&Failure>,
        now: Time,
        expires_at: Option<Time>,
        requested: RequestedDelay,
    ) -> RetryDecision {
        if !failure.is_none_or(|failure| self.is_retryable(failure)) {
            return RetryDecision::No(RetryState::NonRetryableFailure);
        }
        if self.maximum_attempts.is_some_and(|most| attempt >= most) {
            return RetryDecision::No(RetryState::MaximumAttemptsReached);
        }
        let interval = match (failure.and_then(requested_delay), requested) {
            (None, _) => match self.interval_after(attempt) {
                Some(interval) => interval,
                None => return RetryDecision::No(RetryState::Timeout),
            },
            (Some(Delay::Positive(delay)), RequestedDelay::Limited) => {
                delay.min(self.maximum_interval)
            }
            (Some(Delay::Zero | Delay::Negative), RequestedDelay::Limited) => self.maximum_interval,
            (Some(Delay::Positive(delay)), RequestedDelay::Unlimited) => delay,
            // The real server treats a requested delay of zero as an overflowed interval, which
            // ends the retries.
            (Some(Delay::Zero), RequestedDelay::Unlimited) => {
                return RetryDecision::No(RetryState::Timeout);
            }
            (Some(Delay::Negative), RequestedDelay::Unlimited) => Duration::ZERO,
        };
        if expires_at.is_some_and(|expires_at| now + interval > expires_at) {
            return RetryDecision::No(RetryState::Timeout);
        }
        RetryDecision::After(interval)
    }

    /// The interval after an attempt. There is none if it would be zero or too long and has no maximum.
    pub(crate) fn interval_after(&self, attempt: u32) -> Option<Duration> {
        let power = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.initial_interval.as_secs_f64() * self.backoff_coefficient.powi(power);
        let interval = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        let is_usable = !interval.is_zero() && interval.as_nanos() <= i64::MAX as u128;
        match (is_usable, self.maximum_interval) {
            (true, Duration::ZERO) => Some(interval),
            (false, Duration::ZERO) => None,
            (true, maximum) => Some(interval.min(maximum)),
            (false, maximum) => Some(maximum),
        }
    }

    pub(crate) fn is_retryable(&self, failure: &Failure) -> bool {
        let named = |name: &str| self.non_retryable_error_types.iter().any(|t| t == name);
        match &failure.failure_info {
            Some(FailureInfo::TerminatedFailureInfo(_) | FailureInfo::CanceledFailureInfo(_)) => {
                false
            }
            Some(FailureInfo::TimeoutFailureInfo(info)) => match info.timeout_type() {
                TimeoutType::StartToClose => !named("TemporalTimeout:StartToClose"),
                TimeoutType::Heartbeat => !named("TemporalTimeout:Heartbeat"),
                _ => false,
            },
            Some(FailureInfo::ServerFailureInfo(info)) => !info.non_retryable,
            Some(FailureInfo::ApplicationFailureInfo(info)) => {
                !info.non_retryable && !named(&info.r#type)
            }
            _ => true,
        }
    }
}

/// The delay that a failure requests.
enum Delay {
    Positive(Duration),
    Zero,
    Negative,
}

fn requested_delay(failure: &Failure) -> Option<Delay> {
    let Some(FailureInfo::ApplicationFailureInfo(info)) = &failure.failure_info else {
        return None;
    };
    Some(match Duration::try_from(info.next_retry_delay?) {
        Ok(Duration::ZERO) => Delay::Zero,
        Ok(delay) => Delay::Positive(delay),
        Err(_) => Delay::Negative,
    })
}

fn with_defaults(policy: &RetryPolicyMessage) -> RetryPolicyMessage {
    let is_zero = |interval: &Option<wkt::Duration>| {
        interval.is_none_or(|interval| (interval.seconds, interval.nanos) == (0, 0))
    };
    let mut filled = policy.clone();
    if is_zero(&filled.initial_interval) {
        filled.initial_interval = Some(to_proto(DEFAULT_INITIAL_INTERVAL));
    }
    if is_zero(&filled.maximum_interval) {
        let initial = timeout_from_proto(filled.initial_interval.as_ref());
        let maximum = initial.map(|it| it.saturating_mul(DEFAULT_MAXIMUM_FACTOR).min(LONGEST));
        filled.maximum_interval = maximum.map(to_proto);
    }
    if filled.backoff_coefficient == 0.0 {
        filled.backoff_coefficient = DEFAULT_COEFFICIENT;
    }
    filled
}

/// Checks a policy, as it is: zero is no interval.
///
/// # Errors
/// [`Invalid`] with the real server's text.
pub(crate) fn check(policy: &RetryPolicyMessage) -> Result<(), Invalid> {
    // With one attempt there is no retry, so the other fields are not checked.
    if policy.maximum_attempts == 1 {
        return Ok(());
    }
    check_interval(policy.initial_interval.as_ref(), "InitialInterval")?;
    let coefficient = policy.backoff_coefficient;
    if coefficient < 1.0 || !coefficient.is_finite() {
        return Err(invalid(
            "BackoffCoefficient cannot be less than 1 on retry policy.",
        ));
    }
    check_interval(policy.maximum_interval.as_ref(), "MaximumInterval")?;
    let initial = timeout_from_proto(policy.initial_interval.as_ref());
    let maximum = timeout_from_proto(policy.maximum_interval.as_ref());
    if maximum.is_some_and(|maximum| initial.is_some_and(|initial| maximum < initial)) {
        return Err(invalid(
            "MaximumInterval cannot be less than InitialInterval on retry policy.",
        ));
    }
    if policy.maximum_attempts < 0 {
        return Err(invalid(
            "MaximumAttempts cannot be negative on retry policy.",
        ));
    }
    let kinds = policy.non_retryable_error_types.iter();
    let mut kinds = kinds.filter_map(|kind| kind.strip_prefix(TIMEOUT_TYPE_PREFIX));
    match kinds.find(|kind| !TIMEOUT_TYPES.contains(kind)) {
        Some(kind) => Err(invalid(&format!("Invalid timeout type value: {kind}."))),
        None => Ok(()),
    }
}

fn check_interval(interval: Option<&wkt::Duration>, field: &str) -> Result<(), Invalid> {
    check_duration(interval)
        .map_err(|why| invalid(&format!("invalid {field} set on retry policy: {why}")))
}

fn unless_zero(interval: Duration) -> Option<wkt::Duration> {
    (!interval.is_zero()).then(|| to_proto(interval))
}

fn invalid(message: &str) -> Invalid {
    Invalid(message.to_owned())
}

const TIMEOUT_TYPE_PREFIX: &str = "TemporalTimeout:";
const TIMEOUT_TYPES: [&str; 4] = [
    "StartToClose",
    "ScheduleToStart",
    "ScheduleToClose",
    "Heartbeat",
];
const DEFAULT_INITIAL_INTERVAL: Duration = Duration::from_secs(1);
const DEFAULT_COEFFICIENT: f64 = 2.0;
/// Default maximum interval, as a multiple of the first.
const DEFAULT_MAXIMUM_FACTOR: u32 = 100;

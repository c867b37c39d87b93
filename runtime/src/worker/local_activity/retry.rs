//! When the next attempt of a local activity is made: the rules by which a server retries activities.

use std::time::Duration;

use durably_engine::{FailureInfo, FailureRecord, LocalActivityTask, RetryPolicy, TimeoutKind};

/// A longer pause is a timer in history, as in other SDKs.
const RETRY_THRESHOLD: Duration = Duration::from_secs(60);
/// The policy of an activity that has none.
const INITIAL_INTERVAL: Duration = Duration::from_secs(1);
const BACKOFF: f64 = 2.0;
/// The longest pause, by default, in initial ones.
const LONGEST: u32 = 100;

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing.
    Never,
    /// Another attempt after a pause, in this process.
    After(Duration),
    /// Another attempt after a timer in history.
    Timer(Duration),
}

pub(super) fn next(task: &LocalActivityTask, failure: &FailureRecord) -> Next {
    let default = RetryPolicy::default();
    let policy = task.retry.as_ref().unwrap_or(&default);
    if policy.maximum_attempts > 0 && task.attempt >= policy.maximum_attempts {
        return Next::Never;
    }
    if !is_retryable(policy, &failure.info) {
        return Next::Never;
    }
    let mut pause = pause(policy, task.attempt);
    if let FailureInfo::Application {
        next_retry_delay: Some(delay),
        ..
    } = &failure.info
    {
        pause = *delay;
    }
    match pause > task.local_retry_threshold.unwrap_or(RETRY_THRESHOLD) {
        true => Next::Timer(pause),
        false => Next::After(pause),
    }
}

/// Whether the policy allows another attempt after a failure of this kind.
fn is_retryable(policy: &RetryPolicy, failure: &FailureInfo) -> bool {
    let excludes = |name: &str| policy.non_retryable_error_types.iter().any(|it| it == name);
    match failure {
        FailureInfo::Application {
            kind,
            non_retryable,
            ..
        } => !non_retryable && !excludes(kind),
        FailureInfo::Timeout { kind, .. } => match kind {
            TimeoutKind::StartToClose => !excludes("TemporalTimeout:StartToClose"),
            TimeoutKind::Heartbeat => !excludes("TemporalTimeout:Heartbeat"),
            TimeoutKind::ScheduleToStart
            | TimeoutKind::ScheduleToClose
            | TimeoutKind::Unspecified
            | TimeoutKind::Other(_) => false,
        },
        FailureInfo::Server { non_retryable } => !non_retryable,
        FailureInfo::Canceled { .. } | FailureInfo::Terminated => false,
        FailureInfo::Unset
        | FailureInfo::ResetWorkflow { .. }
        | FailureInfo::Activity { .. }
        | FailureInfo::ChildWorkflow { .. }
        | FailureInfo::NexusOperation { .. }
        | FailureInfo::NexusHandler { .. } => true,
    }
}

/// The pause after this many attempts. A server reads zero as "not set", too.
fn pause(policy: &RetryPolicy, attempts: u32) -> Duration {
    let is_set = |pause: &Duration| !pause.is_zero();
    let first = policy.initial_interval.filter(is_set);
    let first = first.unwrap_or(INITIAL_INTERVAL);
    let longest = match policy.maximum_interval.filter(is_set) {
        Some(longest) => longest.max(first),
        None => first.saturating_mul(LONGEST),
    };
    let factor = match policy.backoff_coefficient {
        factor if factor >= 1.0 => factor,
        _ => BACKOFF,
    };
    let exponent = i32::try_from(attempts.saturating_sub(1)).unwrap_or(i32::MAX);
    let pause = Duration::try_from_secs_f64(first.as_secs_f64() * factor.powi(exponent));
    // What no duration can hold is longer than the longest.
    pause.unwrap_or(longest).min(longest)
}

#[cfg(test)]
mod tests {
    use durably_engine::{ActivityTimeouts, Header, Seq};

    use super::*;
    use crate::time::span::{millis, mins, secs};

    fn task(attempt: u32, retry: Option<RetryPolicy>) -> LocalActivityTask {
        LocalActivityTask {
            seq: Seq(1),
            activity_id: "1".to_owned(),
            activity_type: "greet".to_owned(),
            input: Vec::new(),
            header: Header::new(),
            timeouts: ActivityTimeouts::default(),
            retry,
            local_retry_threshold: None,
            attempt,
            first_scheduled: None,
            cancelled: false,
        }
    }

    fn failed(info: FailureInfo) -> FailureRecord {
        FailureRecord::new("no", info)
    }

    fn application(kind: &str, non_retryable: bool, delay: Option<Duration>) -> FailureRecord {
        failed(FailureInfo::Application {
            kind: kind.to_owned(),
            non_retryable,
            details: Vec::new(),
            next_retry_delay: delay,
            category: Default::default(),
        })
    }

    #[test]
    fn pauses_grow_to_the_longest_and_a_long_one_is_a_timer() {
        let failure = failed(FailureInfo::Unset);
        let after = |attempt| next(&task(attempt, None), &failure);
        assert_eq!(after(1), Next::After(secs(1)));
        assert_eq!(after(3), Next::After(secs(4)));
        assert_eq!(after(7), Next::Timer(secs(64)));
        assert_eq!(after(8), Next::Timer(secs(100)));
        assert_eq!(after(u32::MAX), Next::Timer(secs(100)));
    }

    #[test]
    fn the_call_decides_which_pause_is_long() {
        let mut task = task(1, None);
        task.local_retry_threshold = Some(millis(999));
        assert_eq!(
            next(&task, &failed(FailureInfo::Unset)),
            Next::Timer(secs(1))
        );
    }

    #[test]
    fn attempts_and_kinds_of_failures_are_limited() {
        let policy = RetryPolicy {
            maximum_attempts: 3,
            non_retryable_error_types: vec!["Fatal".to_owned()],
            ..RetryPolicy::default()
        };
        let after = |attempt, failure| next(&task(attempt, Some(policy.clone())), &failure);
        assert_eq!(
            after(2, application("Busy", false, None)),
            Next::After(secs(2))
        );
        assert_eq!(after(3, application("Busy", false, None)), Next::Never);
        assert_eq!(after(1, application("Fatal", false, None)), Next::Never);
        assert_eq!(after(1, application("Busy", true, None)), Next::Never);
    }

    #[test]
    fn a_failure_may_say_when_to_retry() {
        let failure = application("Busy", false, Some(mins(2)));
        assert_eq!(next(&task(1, None), &failure), Next::Timer(mins(2)));
    }

    #[test]
    fn failures_are_retried_by_the_rules_of_a_server() {
        let policy = RetryPolicy {
            non_retryable_error_types: vec!["TemporalTimeout:StartToClose".to_owned()],
            ..RetryPolicy::default()
        };
        let timeout = || FailureInfo::Timeout {
            kind: TimeoutKind::StartToClose,
            last_heartbeat_details: Vec::new(),
        };
        let after = |retry, info| next(&task(1, retry), &failed(info));
        assert_eq!(after(Some(policy), timeout()), Next::Never);
        assert_eq!(after(None, timeout()), Next::After(secs(1)));
        let server = |non_retryable| FailureInfo::Server { non_retryable };
        assert_eq!(after(None, server(true)), Next::Never);
        assert_eq!(after(None, server(false)), Next::After(secs(1)));
        assert_eq!(after(None, FailureInfo::Terminated), Next::Never);
        let details = Vec::new();
        assert_eq!(after(None, FailureInfo::Canceled { details }), Next::Never);
    }

    #[test]
    fn a_pause_of_zero_is_the_default() {
        let failure = failed(FailureInfo::Unset);
        let policy = |initial_interval, maximum_interval| RetryPolicy {
            initial_interval,
            maximum_interval,
            ..RetryPolicy::default()
        };
        let after = |policy| next(&task(3, Some(policy)), &failure);
        let zero = Some(Duration::ZERO);
        assert_eq!(after(policy(zero, None)), Next::After(secs(4)));
        assert_eq!(after(policy(None, zero)), Next::After(secs(4)));
        assert_eq!(
            after(policy(None, Some(millis(1)))),
            Next::After(secs(1)),
            "the longest pause is not shorter than the first"
        );
    }
}

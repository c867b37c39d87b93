//! Workflows with a retry policy.

use std::time::Duration;

use durably_history::{Input, RequestCancel, Time};
use durably_proto::api::common::v1::RetryPolicy;
use durably_proto::api::enums::v1::WorkflowExecutionStatus;
use durably_proto::api::failure::v1::failure::FailureInfo;

use crate::case::Case;
use crate::command::{attempts, fail, failure, final_failure, seconds};
use crate::continue_as_new::started;

#[test]
fn a_failed_run_is_followed_by_another_attempt() {
    let mut case = Case::start_with(|request| request.retry_policy = Some(attempts(2)));
    case.skip();
    case.pass(Duration::from_secs(5));
    case.work(vec![fail(failure("nope", "Nope"))]);
    case.expect(&[
        "3 workflow_task_started scheduled=2",
        "4 workflow_task_completed scheduled=2 started=3",
        "5 workflow_execution_failed completed=4 in_progress \"nope\"",
    ]);
    let mut next = case.next_run();
    next.expect(&[
        "1 workflow_execution_started attempt=2 after=run-1 by=CONTINUE_AS_NEW_INITIATOR_RETRY backoff=1s",
    ]);
    assert_eq!(
        started(&next).continued_failure,
        Some(failure("nope", "Nope"))
    );
    next.ring();
    next.work(vec![fail(failure("again", "Nope"))]);
    next.expect(&[
        "2 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "3 workflow_task_started scheduled=2",
        "4 workflow_task_completed scheduled=2 started=3",
        "5 workflow_execution_failed completed=4 maximum_attempts_reached \"again\"",
    ]);
    assert!(next.next.is_none());
}

#[test]
fn the_maximum_interval_limits_the_delay_that_a_failure_requests() {
    for delay in [600, 0, -5] {
        let mut case = Case::start_with(|request| {
            request.retry_policy = Some(RetryPolicy {
                maximum_interval: Some(seconds(10)),
                ..attempts(0)
            });
        });
        let mut busy = failure("busy", "Busy");
        if let Some(FailureInfo::ApplicationFailureInfo(info)) = &mut busy.failure_info {
            info.next_retry_delay = Some(seconds(delay));
        }
        case.work(vec![fail(busy)]);
        let next = case.next_run();
        assert_eq!(
            started(&next).first_workflow_task_backoff,
            Some(seconds(10)),
            "{delay}"
        );
    }
}

#[test]
fn without_a_policy_a_failure_is_the_end() {
    let mut case = Case::start();
    case.work(vec![fail(failure("nope", "Nope"))]);
    case.skip();
    assert_eq!(case.run.status(), WorkflowExecutionStatus::Failed);
    assert!(case.next.is_none());
}

#[test]
fn a_final_failure_is_the_end_with_a_policy_too() {
    let mut case = Case::start_with(|request| request.retry_policy = Some(attempts(0)));
    case.work(vec![fail(final_failure("nope"))]);
    assert!(case.next.is_none());
    assert!(crate::text::line(&case.last()).contains("non_retryable_failure"));
}

#[test]
fn an_interval_longer_than_time_is_no_error() {
    let mut case = Case::start_with(|request| {
        request.retry_policy = Some(RetryPolicy {
            initial_interval: Some(seconds(i64::MAX)),
            ..attempts(0)
        });
    });
    // The longest interval, a hundred years, ends after it.
    case.now = Time::from_unix_nanos(9_000_000_000_000_000_000);
    case.work(vec![fail(failure("nope", "Nope"))]);
    let mut next = case.next_run();
    assert_eq!(next.deadline(), None);
    // A cancel request ends the delay; the next interval is twice as long.
    next.ok(Input::RequestCancel(RequestCancel::default()));
    next.pass(Duration::from_secs(1));
    next.work(vec![fail(failure("nope", "Nope"))]);
    assert!(next.next.is_some());
}

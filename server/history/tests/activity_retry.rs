//! Activities that fail are tried again, and only the last attempt is recorded.

use std::time::Duration;

use durably_history::{
    ActivityRef, CompleteActivity, Deadline, EventId, FailActivity, Input, Rejection, TaskNotFound,
};
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::failure::v1::failure::FailureInfo;

use crate::case::{Case, poll_activity};
use crate::command::{
    attempts, failure, final_failure, payloads, schedule_activity, schedule_activity_with, seconds,
};

#[test]
fn the_third_attempt_completes_and_tells_how_the_second_failed() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    case.skip();
    for (attempt, backoff) in [(1, 1), (2, 2)] {
        let activity = case.start_activity();
        assert_eq!(activity.token.attempt, attempt);
        case.fail_activity(&activity, failure(&format!("attempt {attempt}"), "Flaky"));
        let failed_at = case.now;
        case.ring();
        assert_eq!(case.now.since(failed_at), Duration::from_secs(backoff));
    }
    case.expect(&[]);
    let activity = case.start_activity();
    assert_eq!(
        activity.attempt_scheduled_at.since(activity.scheduled_at),
        Duration::from_secs(3)
    );
    case.complete_activity(&activity);
    case.expect(&[
        "6 activity_task_started scheduled=5 attempt=3 \"attempt 2\"",
        "7 activity_task_completed scheduled=5 started=6 done",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn the_last_allowed_attempt_is_the_last() {
    let mut case = Case::start();
    case.work(vec![schedule_activity_with("1", |a| {
        a.retry_policy = Some(attempts(1))
    })]);
    case.skip();
    let activity = case.start_activity();
    case.fail_activity(&activity, failure("broken", "Broken"));
    case.expect(&[
        "6 activity_task_started scheduled=5 attempt=1",
        "7 activity_task_failed scheduled=5 started=6 maximum_attempts_reached \"broken\"",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn a_final_failure_is_not_tried_again() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    case.skip();
    let activity = case.start_activity();
    case.fail_activity(&activity, final_failure("never"));
    case.expect(&[
        "6 activity_task_started scheduled=5 attempt=1",
        "7 activity_task_failed scheduled=5 started=6 non_retryable_failure \"never\"",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn a_failure_of_a_type_that_the_policy_names_is_not_retried() {
    let mut case = Case::start();
    case.work(vec![schedule_activity_with("1", |a| {
        let mut policy = attempts(0);
        policy.non_retryable_error_types = vec!["Hopeless".to_owned()];
        a.retry_policy = Some(policy);
    })]);
    let activity = case.start_activity();
    case.fail_activity(&activity, failure("no", "Hopeless"));
    assert!(case.run.has_workflow_task());
}

#[test]
fn a_failure_may_name_the_delay_itself() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    case.fail_activity(&activity, delayed(42));
    assert!(case.activities.is_empty());
    case.ring();
    assert_eq!(case.now.since(activity.started_at), Duration::from_secs(42));
    assert_eq!(case.start_activity().token.attempt, 2);
}

#[test]
fn the_maximum_interval_does_not_limit_a_requested_delay() {
    let mut case = Case::start();
    case.work(vec![schedule_activity_with("1", |a| {
        let mut policy = attempts(0);
        policy.maximum_interval = Some(seconds(10));
        a.retry_policy = Some(policy);
    })]);
    let activity = case.start_activity();
    case.fail_activity(&activity, delayed(600));
    case.ring_until(&Deadline::Activity(EventId(5)));
    assert_eq!(
        case.now.since(activity.started_at),
        Duration::from_secs(600)
    );
    assert_eq!(case.start_activity().token.attempt, 2);
}

#[test]
fn a_requested_delay_of_zero_ends_the_retries() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    case.skip();
    let activity = case.start_activity();
    case.fail_activity(&activity, delayed(0));
    case.expect(&[
        "6 activity_task_started scheduled=5 attempt=1",
        "7 activity_task_failed scheduled=5 started=6 timeout \"busy\"",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn after_a_negative_requested_delay_the_next_attempt_is_due_at_once() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    case.fail_activity(&activity, delayed(-5));
    case.ring();
    assert_eq!(case.now, activity.started_at);
    assert_eq!(case.start_activity().token.attempt, 2);
}

#[test]
fn no_attempt_starts_after_schedule_to_close() {
    let mut case = Case::start();
    case.work(vec![schedule_activity_with("1", |a| {
        a.schedule_to_close_timeout = Some(seconds(2))
    })]);
    case.skip();
    let activity = case.start_activity();
    case.pass(Duration::from_millis(1500));
    case.fail_activity(&activity, failure("slow", "Slow"));
    case.expect(&[
        "6 activity_task_started scheduled=5 attempt=1",
        "7 activity_task_failed scheduled=5 started=6 timeout \"slow\"",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn heartbeat_details_reach_the_next_attempt() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    assert_eq!(activity.heartbeat_details, None);
    case.heartbeat(&activity, "half way");
    case.fail_activity(&activity, failure("fell", "Fell"));
    case.ring();
    assert_eq!(
        case.start_activity().heartbeat_details,
        Some(payloads("half way"))
    );
}

#[test]
fn the_token_of_an_ended_attempt_is_stale() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let task_key = case.activities[0];
    let activity = case.start_activity();
    case.fail_activity(&activity, failure("fell", "Fell"));
    for input in [
        poll_activity(task_key),
        complete(ActivityRef::Token(activity.token)),
    ] {
        assert_eq!(
            case.apply(input).unwrap_err(),
            Rejection::TaskNotFound(TaskNotFound::Activity)
        );
    }
}

#[test]
fn an_activity_can_be_completed_by_its_id_before_a_worker_took_it() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    case.skip();
    // It cannot fail: nobody has tried it.
    let failed = case.apply(Input::FailActivity(Box::new(FailActivity {
        activity: ActivityRef::Id("1".into()),
        failure: None,
        last_heartbeat_details: None,
        identity: "client".to_owned(),
        worker_version: None,
    })));
    assert_eq!(
        failed.unwrap_err(),
        Rejection::TaskNotFound(TaskNotFound::Activity)
    );
    case.ok(complete(ActivityRef::Id("1".into())));
    case.expect(&[
        "6 activity_task_started scheduled=5 attempt=1",
        "7 activity_task_completed scheduled=5 started=6 ",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
    let again = case.apply(complete(ActivityRef::Id("1".into())));
    assert_eq!(
        again.unwrap_err(),
        Rejection::TaskNotFound(TaskNotFound::ActivityId("1".into()))
    );
}

#[test]
fn a_worker_starts_an_activity_eagerly() {
    let mut case = Case::start();
    let task = case.poll();
    let completed = case.complete(
        &task,
        vec![schedule_activity_with("1", |a| {
            a.request_eager_execution = true
        })],
    );
    assert!(case.activities.is_empty(), "it is not offered to others");
    case.complete_activity(&completed.activities[0]);
}

fn delayed(delay: i64) -> Failure {
    let mut failure = failure("busy", "Busy");
    if let Some(FailureInfo::ApplicationFailureInfo(info)) = &mut failure.failure_info {
        info.next_retry_delay = Some(seconds(delay));
    }
    failure
}

fn complete(activity: ActivityRef) -> Input {
    Input::CompleteActivity(CompleteActivity {
        activity,
        result: None,
        identity: "worker".to_owned(),
        worker_version: None,
    })
}

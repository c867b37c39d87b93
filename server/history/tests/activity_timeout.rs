//! The four timeouts of an activity.

use std::time::Duration;

use durably_history::{Deadline, EventId};

use crate::case::Case;
use crate::command::{attempts, failure, schedule_activity, schedule_activity_with, seconds};

#[test]
fn an_attempt_that_takes_too_long_is_tried_again() {
    let mut case = Case::start();
    case.work(vec![schedule_activity_with("1", |a| {
        a.retry_policy = Some(attempts(2))
    })]);
    case.skip();
    case.start_activity();
    case.ring();
    case.expect(&[]);
    case.ring();
    case.start_activity();
    case.ring();
    case.expect(&[
        "6 activity_task_started scheduled=5 attempt=2 \"activity StartToClose timeout\"",
        "7 activity_task_timed_out scheduled=5 started=6 maximum_attempts_reached \"activity StartToClose timeout\" by \"activity StartToClose timeout\"",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn an_activity_nobody_takes_times_out_and_is_not_tried_again() {
    let mut case = Case::start();
    case.work(vec![schedule_activity_with("1", |a| {
        a.schedule_to_start_timeout = Some(seconds(3))
    })]);
    case.skip();
    case.ring();
    case.expect(&[
        "6 activity_task_timed_out scheduled=5 started=0 timeout \"activity ScheduleToStart timeout\"",
        "7 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn schedule_to_close_ends_the_retries() {
    let mut case = Case::start();
    case.work(vec![schedule_activity_with("1", |a| {
        a.schedule_to_close_timeout = Some(seconds(2))
    })]);
    case.expect(&[
        "1 workflow_execution_started attempt=1",
        "2 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "3 workflow_task_started scheduled=2",
        "4 workflow_task_completed scheduled=2 started=3",
        "5 activity_task_scheduled id=1 s2c=2s s2s=2s c=2s hb=0s completed=4",
    ]);
    let activity = case.start_activity();
    case.fail_activity(&activity, failure("first", "First"));
    case.ring();
    case.start_activity();
    case.ring();
    case.expect(&[
        "6 activity_task_started scheduled=5 attempt=2 \"first\"",
        "7 activity_task_timed_out scheduled=5 started=6 timeout \"Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying\" by \"first\"",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn a_heartbeat_timeout_keeps_the_last_details() {
    let mut case = Case::start();
    case.work(vec![schedule_activity_with("1", |a| {
        a.heartbeat_timeout = Some(seconds(4));
        a.retry_policy = Some(attempts(1));
    })]);
    case.skip();
    let activity = case.start_activity();
    case.pass(Duration::from_secs(3));
    assert!(!case.heartbeat(&activity, "alive").cancel_requested);
    case.ring();
    assert_eq!(case.now.since(activity.started_at), Duration::from_secs(7));
    case.expect(&[
        "6 activity_task_started scheduled=5 attempt=1",
        "7 activity_task_timed_out scheduled=5 started=6 maximum_attempts_reached \"activity Heartbeat timeout\" beat=alive",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn no_timeout_outlasts_the_one_around_it() {
    let mut case = Case::start_with(|request| request.workflow_run_timeout = Some(seconds(30)));
    case.skip();
    case.work(vec![
        schedule_activity_with("1", |a| a.start_to_close_timeout = Some(seconds(60))),
        schedule_activity_with("2", |a| {
            a.schedule_to_close_timeout = Some(seconds(5));
            a.heartbeat_timeout = Some(seconds(9));
        }),
    ]);
    case.expect(&[
        "3 workflow_task_started scheduled=2",
        "4 workflow_task_completed scheduled=2 started=3",
        "5 activity_task_scheduled id=1 s2c=30s s2s=30s c=30s hb=0s completed=4",
        "6 activity_task_scheduled id=2 s2c=5s s2s=5s c=5s hb=5s completed=4",
    ]);
}

#[test]
fn a_closed_activity_has_no_deadline() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    assert_eq!(case.deadline(), Some(Deadline::Activity(EventId(5))));
    case.complete_activity(&activity);
    assert_eq!(case.deadline(), None);
}

#[test]
fn an_eager_activity_past_schedule_to_close_is_not_retried() {
    let mut case = Case::start();
    let task = case.poll();
    case.complete(
        &task,
        vec![schedule_activity_with("1", |a| {
            a.request_eager_execution = true;
            a.schedule_to_close_timeout = Some(seconds(2));
            a.retry_policy = Some(attempts(1));
        })],
    );
    case.skip();
    case.ring();
    let timed_out = case.events().remove(6);
    let line = crate::text::line(&timed_out);
    assert!(line.contains("activity_task_timed_out"), "{line}");
    assert!(line.contains(" timeout "), "{line}");
}

//! A reset activity: its attempts count from 1 again.

use std::time::Duration;

use durably_history::{Rejection, TaskNotFound};
use durably_proto::api::activity::v1::ActivityOptions;
use durably_proto::api::common::v1::Priority;

use crate::case::Case;
use crate::command::{
    failure, pause_activity, payloads, reset_activity, schedule_activity, schedule_activity_with,
    seconds, unpause_activity, update_options,
};

/// A case whose one activity has failed once, with a heartbeat.
fn failed_once() -> Case {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    case.heartbeat(&activity, "half");
    case.fail_activity(&activity, failure("busy", "Busy"));
    case
}

#[test]
fn the_first_attempt_begins_at_once() {
    let mut case = failed_once();
    case.ok(reset_activity("1", |_| {}));
    let activity = case.start_activity();
    assert_eq!(activity.token.attempt, 1);
    assert_eq!(activity.heartbeat_details, Some(payloads("half")));
    let last_failure = case.run.describe(case.now).pending_activities[0]
        .last_failure
        .clone();
    assert_eq!(last_failure, None);
}

#[test]
fn the_heartbeat_is_forgotten_on_request() {
    let mut case = failed_once();
    case.ok(reset_activity("1", |request| {
        request.reset_heartbeat = true;
        request.jitter = Duration::from_secs(30);
    }));
    case.ring();
    assert_eq!(case.start_activity().heartbeat_details, None);
}

#[test]
fn an_attempt_with_a_worker_learns_of_the_reset_and_keeps_its_heartbeats_until_it_ends() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    case.ok(reset_activity("1", |request| {
        request.reset_heartbeat = true
    }));
    assert!(case.heartbeat(&activity, "half").reset);
    let details = |case: &Case| {
        case.run.describe(case.now).pending_activities[0]
            .heartbeat_details
            .clone()
    };
    assert_eq!(details(&case), Some(payloads("half")));
    case.fail_activity(&activity, failure("busy", "Busy"));
    assert_eq!(details(&case), None);
    case.ring();
    let activity = case.start_activity();
    assert_eq!(activity.token.attempt, 2);
    assert!(!case.heartbeat(&activity, "half").reset);
}

#[test]
fn the_report_of_a_later_attempt_is_refused_after_the_reset() {
    let mut case = failed_once();
    case.ring();
    let activity = case.start_activity();
    case.ok(reset_activity("1", |_| {}));
    let report = durably_history::Input::CompleteActivity(durably_history::CompleteActivity {
        activity: durably_history::ActivityRef::Token(activity.token),
        result: None,
        identity: "worker".to_owned(),
        worker_version: None,
    });
    let refused = case.apply(report).unwrap_err();
    assert_eq!(refused, Rejection::TaskNotFound(TaskNotFound::Activity));
}

#[test]
fn a_paused_activity_stays_paused_on_request() {
    let mut case = failed_once();
    case.ok(pause_activity("1", "r"));
    case.ok(reset_activity("1", |request| {
        request.keep_paused = true;
        request.reset_heartbeat = true;
    }));
    let kept = case.run.describe(case.now).pending_activities.remove(0);
    assert!(kept.paused);
    assert_eq!(kept.attempt, 1);
    assert_eq!(kept.heartbeat_details, Some(payloads("half")));
    case.ok(unpause_activity("1", |_| {}));
    assert_eq!(case.start_activity().heartbeat_details, None);

    let mut case = failed_once();
    case.ok(pause_activity("1", "r"));
    case.ok(reset_activity("1", |_| {}));
    assert!(!case.run.describe(case.now).pending_activities[0].paused);
    assert_eq!(case.start_activity().token.attempt, 1);
}

#[test]
fn the_options_of_the_start_come_back_without_the_priority() {
    let mut case = Case::start();
    case.work(vec![schedule_activity_with("1", |activity| {
        activity.priority = Some(Priority {
            priority_key: 3,
            ..Priority::default()
        });
    })]);
    let options = ActivityOptions {
        heartbeat_timeout: Some(seconds(4)),
        priority: Some(Priority {
            priority_key: 1,
            ..Priority::default()
        }),
        ..Default::default()
    };
    case.ok(update_options(
        "1",
        &["heartbeat_timeout", "priority"],
        options,
    ));
    case.ok(reset_activity("1", |request| {
        request.restore_options = true
    }));
    let pending = case.run.describe(case.now).pending_activities.remove(0);
    let options = pending.activity_options.expect("they are shown");
    assert_eq!(options.heartbeat_timeout, Some(seconds(0)));
    assert_eq!(options.priority.map(|it| it.priority_key), Some(1));
}

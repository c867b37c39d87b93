//! Options of pending activities that are changed.

use std::time::Duration;

use durably_history::{
    ActivitySelector, Effect, Input, Invalid, OptionsChange, Rejection, Reply,
    UpdateActivityOptions,
};
use durably_proto::api::activity::v1::ActivityOptions;
use durably_proto::api::common::v1::{Priority, RetryPolicy};
use durably_proto::api::taskqueue::v1::TaskQueue;
use durably_proto::api::workflow::v1::PendingActivityInfo;
use durably_proto::wkt::FieldMask;

use crate::case::Case;
use crate::command::{failure, schedule_activity, schedule_activity_with, seconds, update_options};

fn pending(case: &Case) -> PendingActivityInfo {
    case.run.describe(case.now).pending_activities.remove(0)
}

fn shown(case: &Case) -> ActivityOptions {
    pending(case).activity_options.expect("they are shown")
}

fn refused(case: &mut Case, fields: &[&str], options: ActivityOptions) -> String {
    match case
        .apply(update_options("1", fields, options))
        .unwrap_err()
    {
        Rejection::Invalid(Invalid(message)) => message,
        other => panic!("another rejection: {other:?}"),
    }
}

#[test]
fn fields_of_the_mask_are_replaced_and_timeouts_clamped() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let options = ActivityOptions {
        heartbeat_timeout: Some(seconds(60)),
        start_to_close_timeout: Some(seconds(1)),
        ..Default::default()
    };
    let reply = case.ok(update_options("1", &["HeartbeatTimeout"], options));
    let Reply::ActivityOptions(replied) = reply else {
        panic!("{reply:?}")
    };
    // No longer than start-to-close, which the mask does not name.
    assert_eq!(replied.heartbeat_timeout, Some(seconds(10)));
    assert_eq!(shown(&case).heartbeat_timeout, Some(seconds(10)));
    assert_eq!(shown(&case).start_to_close_timeout, Some(seconds(10)));
}

#[test]
fn an_attempt_that_waits_is_offered_in_its_new_queue_with_its_new_priority() {
    let mut case = Case::start_with(|start| {
        start.priority = Some(Priority {
            priority_key: 4,
            fairness_key: "tenant".to_owned(),
            ..Priority::default()
        });
    });
    case.work(vec![schedule_activity("1")]);
    let stale = case.activities.pop().expect("it was offered");
    let options = ActivityOptions {
        task_queue: Some(TaskQueue {
            name: "others".to_owned(),
            ..Default::default()
        }),
        priority: Some(Priority {
            priority_key: 1,
            ..Priority::default()
        }),
        ..Default::default()
    };
    case.ok(update_options(
        "1",
        &["task_queue.name", "priority.priority_key"],
        options,
    ));
    let queue = case.effects.iter().find_map(|effect| match effect {
        Effect::DispatchActivity { queue, .. } => Some(queue.to_string()),
        _ => None,
    });
    assert_eq!(queue.as_deref(), Some("others"));
    assert_ne!(case.activities.last(), Some(&stale));
    let started = case.start_activity();
    let priority = started.priority.expect("it is set");
    assert_eq!(priority.priority_key, 1);
    assert_eq!(priority.fairness_key, "tenant");
}

#[test]
fn a_backoff_is_measured_again() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    case.fail_activity(&activity, failure("busy", "Busy"));
    let failed_at = case.now;
    let options = ActivityOptions {
        retry_policy: Some(RetryPolicy {
            initial_interval: Some(seconds(7)),
            maximum_attempts: 2,
            ..Default::default()
        }),
        ..Default::default()
    };
    case.ok(update_options(
        "1",
        &[
            "retry_policy.initial_interval",
            "retry_policy.maximum_attempts",
        ],
        options,
    ));
    // As on the real server, that of the attempt after it.
    let next = failed_at + Duration::from_secs(14);
    assert_eq!(pending(&case).next_attempt_schedule_time, Some(next.into()));
    assert_eq!(pending(&case).last_failure, None);
    case.ring();
    let activity = case.start_activity();
    case.skip();
    case.fail_activity(&activity, failure("busy", "Busy"));
    case.expect(&[
        "6 activity_task_started scheduled=5 attempt=2",
        "7 activity_task_failed scheduled=5 started=6 maximum_attempts_reached \"busy\"",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn the_attempt_with_a_worker_has_the_new_timeouts() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    let options = ActivityOptions {
        start_to_close_timeout: Some(seconds(2)),
        ..Default::default()
    };
    case.ok(update_options("1", &["start_to_close_timeout"], options));
    case.ring();
    assert_eq!(case.now.since(activity.started_at), Duration::from_secs(2));
    assert_eq!(pending(&case).attempt, 2);
}

#[test]
fn the_last_attempt_begins_within_the_time_of_the_start() {
    let mut case = Case::start();
    case.work(vec![schedule_activity_with("1", |activity| {
        activity.schedule_to_close_timeout = Some(seconds(100));
    })]);
    let expires = pending(&case).expiration_time;
    let options = ActivityOptions {
        schedule_to_close_timeout: Some(seconds(500)),
        ..Default::default()
    };
    case.ok(update_options("1", &["schedule_to_close_timeout"], options));
    assert_eq!(shown(&case).schedule_to_close_timeout, Some(seconds(500)));
    assert_eq!(pending(&case).expiration_time, expires);
}

#[test]
fn a_retry_policy_that_replaces_the_whole_is_taken_as_it_is_but_for_the_types_of_errors() {
    let mut case = Case::start();
    case.work(vec![schedule_activity_with("1", |activity| {
        activity.retry_policy = Some(RetryPolicy {
            non_retryable_error_types: vec!["Hopeless".to_owned()],
            ..Default::default()
        });
    })]);
    let options = ActivityOptions {
        retry_policy: Some(RetryPolicy {
            initial_interval: Some(seconds(5)),
            non_retryable_error_types: vec!["Busy".to_owned()],
            ..Default::default()
        }),
        ..Default::default()
    };
    case.ok(update_options("1", &["retry_policy"], options));
    let activity = case.start_activity();
    let policy = activity.retry_policy.clone().expect("it is set");
    assert_eq!(policy.backoff_coefficient, 0.0);
    assert_eq!(policy.non_retryable_error_types, ["Hopeless"]);
    case.fail_activity(&activity, failure("busy", "Busy"));
    case.ring();
    assert_eq!(case.now.since(activity.started_at), Duration::from_secs(5));
    let activity = case.start_activity();
    case.skip();
    // The next interval would be zero, and there is no maximum.
    case.fail_activity(&activity, failure("busy", "Busy"));
    case.expect(&[
        "6 activity_task_started scheduled=5 attempt=2 \"busy\"",
        "7 activity_task_failed scheduled=5 started=6 timeout \"busy\"",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn options_of_the_start_are_restored() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1"), schedule_activity("2")]);
    let before = shown(&case);
    let options = ActivityOptions {
        heartbeat_timeout: Some(seconds(3)),
        retry_policy: Some(RetryPolicy::default()),
        ..Default::default()
    };
    case.ok(update_options(
        "1",
        &["heartbeat_timeout", "retry_policy"],
        options,
    ));
    assert_ne!(shown(&case), before);
    case.ok(Input::UpdateActivityOptions(Box::new(
        UpdateActivityOptions {
            selected: ActivitySelector::All,
            change: OptionsChange::Restore,
        },
    )));
    assert_eq!(shown(&case), before);
}

#[test]
fn a_wrong_change_is_refused_for_all() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let negative = Some(durably_proto::wkt::Duration {
        seconds: -1,
        nanos: 0,
    });
    for (fields, options, message) in [
        (
            &["task_queue.name"][..],
            ActivityOptions::default(),
            "TaskQueue is not provided",
        ),
        (
            &["task_queue.name"],
            ActivityOptions {
                task_queue: Some(TaskQueue::default()),
                ..Default::default()
            },
            "missing task queue name",
        ),
        (
            &["priority.fairness_key"],
            ActivityOptions::default(),
            "Priority is not provided",
        ),
        (
            &["retry_policy.maximum_interval"],
            ActivityOptions::default(),
            "RetryPolicy is not provided",
        ),
        (
            &["retry_policy.maximum_attempts"],
            ActivityOptions {
                retry_policy: Some(RetryPolicy {
                    maximum_attempts: -1,
                    ..Default::default()
                }),
                ..Default::default()
            },
            "MaximumAttempts cannot be negative on retry policy.",
        ),
        (
            &["heartbeat_timeout"],
            ActivityOptions {
                heartbeat_timeout: negative,
                ..Default::default()
            },
            "invalid HeartbeatTimeout: negative duration",
        ),
        (
            &["start_to_close_timeout"],
            ActivityOptions::default(),
            "a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. ActivityId=1 ActivityType=greet",
        ),
    ] {
        assert_eq!(refused(&mut case, fields, options), message);
    }
    let mut without = |options: Option<Box<ActivityOptions>>, mask: Option<FieldMask>| {
        let change = OptionsChange::Replace { options, mask };
        let selected = ActivitySelector::All;
        let update = UpdateActivityOptions { selected, change };
        case.apply(Input::UpdateActivityOptions(Box::new(update)))
            .unwrap_err()
            .to_string()
    };
    let mask = Some(FieldMask::default());
    assert_eq!(without(None, mask), "ActivityOptions are not provided");
    let options = Some(Box::new(ActivityOptions::default()));
    assert_eq!(without(options, None), "UpdateMask is not provided");
}

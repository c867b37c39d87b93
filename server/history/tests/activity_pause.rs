//! A paused activity: its attempt may end, no other begins, and no deadline counts.

use std::time::Duration;

use durably_history::{
    ActivitySelector, Input, PauseActivities, Rejection, TaskNotFound, UnpauseActivities,
};
use durably_proto::api::enums::v1::PendingActivityState;
use durably_proto::api::workflow::v1::PendingActivityInfo;
use durably_proto::api::workflow::v1::pending_activity_info::pause_info::{Manual, PausedBy};

use crate::case::{Case, poll_activity};
use crate::command::{
    attempts, failure, final_failure, pause_activity, payloads, schedule_activity,
    schedule_activity_with, seconds, unpause_activity,
};

/// The one pending activity.
fn pending(case: &Case) -> PendingActivityInfo {
    let mut found = case.run.describe(case.now).pending_activities;
    let pending = found.pop().expect("an activity is pending");
    assert_eq!(found, [], "one is pending");
    pending
}

#[test]
fn a_paused_activity_is_described_and_not_handed_out() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    case.skip();
    let offered = case.activities[0];
    case.ok(pause_activity("1", "r"));
    let paused = pending(&case);
    assert_eq!(paused.state(), PendingActivityState::Paused);
    assert!(paused.paused);
    let pause = paused.pause_info.expect("it says who paused it");
    assert_eq!(pause.pause_time, Some(case.now.into()));
    assert_eq!(
        pause.paused_by,
        Some(PausedBy::Manual(Manual {
            identity: "operator".to_owned(),
            reason: "maintenance".to_owned(),
        }))
    );
    let stale = case.apply(poll_activity(offered)).unwrap_err();
    assert_eq!(stale, Rejection::TaskNotFound(TaskNotFound::Activity));
    assert!(!case.run.has_runnable_activity());
    assert_eq!(case.run.pending_tasks().len(), 0);
    case.expect(&[]);
}

#[test]
fn the_types_of_paused_activities_are_a_search_attribute() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1"), schedule_activity("2")]);
    case.ok(Input::PauseActivities(PauseActivities {
        selected: ActivitySelector::Type("greet".to_owned()),
        identity: String::new(),
        reason: String::new(),
        request_id: "r".into(),
    }));
    let shown = |case: &Case| {
        let attributes = case.run.info().search_attributes.expect("there are some");
        let pauses = attributes.indexed_fields.get("TemporalPauseInfo").cloned();
        pauses.map(|it| String::from_utf8(it.data).expect("JSON"))
    };
    let expected = "[\"property:activityType=greet\"]";
    assert_eq!(shown(&case).as_deref(), Some(expected));
    case.ok(Input::UnpauseActivities(UnpauseActivities {
        selected: ActivitySelector::All,
        reset_attempts: false,
        reset_heartbeat: false,
        jitter: Duration::ZERO,
    }));
    assert_eq!(shown(&case), None);
}

#[test]
fn an_attempt_with_a_worker_learns_of_the_pause_and_may_complete() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    case.skip();
    let activity = case.start_activity();
    case.ok(pause_activity("1", "r"));
    assert_eq!(pending(&case).state(), PendingActivityState::PauseRequested);
    let reply = case.heartbeat(&activity, "half");
    assert!(reply.paused && !reply.cancel_requested && !reply.reset);
    case.complete_activity(&activity);
    case.expect(&[
        "6 activity_task_started scheduled=5 attempt=1",
        "7 activity_task_completed scheduled=5 started=6 done",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn the_attempt_after_a_failed_one_waits_until_the_activity_is_unpaused() {
    let mut case = Case::start();
    case.work(vec![schedule_activity_with("1", |activity| {
        activity.retry_policy = Some(attempts(1));
    })]);
    let activity = case.start_activity();
    case.ok(pause_activity("1", "r"));
    // Neither the number of attempts nor the interval counts.
    case.fail_activity(&activity, failure("busy", "Busy"));
    let held = pending(&case);
    assert_eq!(held.state(), PendingActivityState::Paused);
    assert_eq!(held.attempt, 2);
    assert_eq!(
        held.last_failure.map(|it| it.message).as_deref(),
        Some("busy")
    );
    assert_eq!(case.activities, []);
    case.pass(Duration::from_secs(7));
    case.ok(unpause_activity("1", |_| {}));
    let again = pending(&case);
    assert_eq!(again.state(), PendingActivityState::Scheduled);
    assert_eq!(again.scheduled_time, Some(case.now.into()));
    assert_eq!(again.last_failure, None);
    let activity = case.start_activity();
    assert_eq!(activity.token.attempt, 2);
    case.skip();
    case.fail_activity(&activity, failure("busy", "Busy"));
    case.expect(&[
        "6 activity_task_started scheduled=5 attempt=2",
        "7 activity_task_failed scheduled=5 started=6 maximum_attempts_reached \"busy\"",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn a_failure_that_is_final_closes_a_paused_activity() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    case.skip();
    let activity = case.start_activity();
    case.ok(pause_activity("1", "r"));
    case.fail_activity(&activity, final_failure("never"));
    case.expect(&[
        "6 activity_task_started scheduled=5 attempt=1",
        "7 activity_task_failed scheduled=5 started=6 non_retryable_failure \"never\"",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn deadlines_count_again_once_the_activity_is_unpaused() {
    let mut case = Case::start();
    case.work(vec![schedule_activity_with("1", |activity| {
        activity.schedule_to_close_timeout = Some(seconds(5));
    })]);
    case.skip();
    case.ok(pause_activity("1", "r"));
    assert_eq!(case.deadline(), None);
    case.pass(Duration::from_secs(60));
    case.ok(unpause_activity("1", |_| {}));
    case.ring();
    case.expect(&[
        "6 activity_task_timed_out scheduled=5 started=0 timeout \"Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying\"",
        "7 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn a_pause_ends_the_backoff() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    case.heartbeat(&activity, "half");
    case.fail_activity(&activity, failure("busy", "Busy"));
    case.ok(pause_activity("1", "r"));
    assert_eq!(pending(&case).next_attempt_schedule_time, None);
    case.ok(unpause_activity("1", |request| {
        request.reset_attempts = true;
        request.reset_heartbeat = true;
    }));
    let activity = case.start_activity();
    assert_eq!(activity.token.attempt, 1);
    assert_eq!(activity.heartbeat_details, None);
}

#[test]
fn the_next_attempt_begins_within_the_jitter() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    case.ok(pause_activity("1", "r"));
    case.ok(unpause_activity("1", |request| {
        request.jitter = Duration::from_secs(30);
    }));
    let unpaused_at = case.now;
    case.activities.clear();
    case.ring();
    assert_eq!(case.start_activity().token.attempt, 1);
    assert!(case.now.since(unpaused_at) < Duration::from_secs(30));
    assert!(case.now > unpaused_at);
}

#[test]
fn an_activity_that_was_unpaused_while_it_runs_keeps_its_attempt() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    case.heartbeat(&activity, "half");
    case.ok(pause_activity("1", "r"));
    case.ok(unpause_activity("1", |_| {}));
    assert_eq!(case.activities, []);
    assert_eq!(pending(&case).heartbeat_details, Some(payloads("half")));
    assert!(!case.heartbeat(&activity, "more").paused);
}

#[test]
fn a_repeated_request_pauses_once_and_another_one_is_refused() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1"), schedule_activity("2")]);
    case.ok(pause_activity("1", "r"));
    case.ok(pause_activity("1", "r"));
    let refused = case.apply(pause_activity("1", "another")).unwrap_err();
    assert_eq!(refused, Rejection::AlreadyPaused);
    // One that is paused refuses the request for all.
    let all = Input::PauseActivities(PauseActivities {
        selected: ActivitySelector::All,
        identity: String::new(),
        reason: String::new(),
        request_id: "another".into(),
    });
    assert_eq!(case.apply(all).unwrap_err(), Rejection::AlreadyPaused);
    let paused = case.run.describe(case.now).pending_activities;
    assert_eq!(paused.iter().filter(|it| it.paused).count(), 1);
}

#[test]
fn an_activity_that_is_not_there_is_not_found() {
    let mut case = Case::start();
    for input in [pause_activity("1", "r"), unpause_activity("1", |_| {})] {
        let refused = case.apply(input).unwrap_err();
        assert_eq!(refused, Rejection::TaskNotFound(TaskNotFound::Selected));
    }
}

//! Cancelling activities.

use durably_history::{ActivityRef, CancelActivity, Input, Rejection, Reply};
use durably_proto::api::enums::v1::WorkflowTaskFailedCause;

use crate::case::{Case, completion};
use crate::command::{
    accept, cancel_activity, complete, failure, payloads, protocol, schedule_activity, start_timer,
    update,
};

#[test]
fn an_activity_that_no_worker_has_is_cancelled_at_once() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    case.signal("stop");
    case.skip();
    case.work(vec![cancel_activity(5)]);
    case.expect(&[
        "8 workflow_task_started scheduled=7",
        "9 workflow_task_completed scheduled=7 started=8",
        "10 activity_task_cancel_requested scheduled=5 completed=9",
        "11 activity_task_canceled scheduled=5 started=0 requested=10 \"ACTIVITY_ID_NOT_STARTED\"",
        "12 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn an_activity_is_cancelled_by_the_task_that_schedules_it() {
    let mut case = Case::start();
    case.skip();
    case.work(vec![
        start_timer("1", 60),
        schedule_activity("1"),
        cancel_activity(6),
        schedule_activity("1"),
        cancel_activity(6),
    ]);
    case.expect(&[
        "3 workflow_task_started scheduled=2",
        "4 workflow_task_completed scheduled=2 started=3",
        "5 timer_started id=1 after=60s",
        "6 activity_task_scheduled id=1 s2c=0s s2s=0s c=10s hb=0s completed=4",
        "7 activity_task_cancel_requested scheduled=6 completed=4",
        "8 activity_task_scheduled id=1 s2c=0s s2s=0s c=10s hb=0s completed=4",
        "9 activity_task_cancel_requested scheduled=6 completed=4",
        "10 activity_task_canceled scheduled=6 started=0 requested=7 \"ACTIVITY_ID_NOT_STARTED\"",
        "11 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
    assert_eq!(case.run.describe(case.now).pending_activities.len(), 1);
}

#[test]
fn planned_event_ids_follow_the_unrecorded_events_of_the_task() {
    let mut case = Case::start();
    let task = case.poll();
    case.fail_task(&task);
    case.skip();
    // Scheduled 5, started 6, completed 7.
    case.work(vec![schedule_activity("1"), cancel_activity(8)]);
    case.expect(&[
        "5 workflow_task_scheduled on=queue attempt=2 timeout=10s",
        "6 workflow_task_started scheduled=5",
        "7 workflow_task_completed scheduled=5 started=6",
        "8 activity_task_scheduled id=1 s2c=0s s2s=0s c=10s hb=0s completed=7",
        "9 activity_task_cancel_requested scheduled=8 completed=7",
        "10 activity_task_canceled scheduled=8 started=0 requested=9 \"ACTIVITY_ID_NOT_STARTED\"",
        "11 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn update_messages_count_as_planned_events() {
    let mut case = Case::start();
    case.work(vec![]);
    case.ok(Input::Update(update("u")));
    let task = case.poll();
    case.skip();
    let commands = vec![
        protocol("u/accept"),
        schedule_activity("1"),
        cancel_activity(9),
    ];
    let messages = vec![accept("u")];
    case.answer(&task, commands, messages);
    case.expect(&[
        "5 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "6 workflow_task_started scheduled=5",
        "7 workflow_task_completed scheduled=5 started=6",
        "8 workflow_execution_update_accepted u message=u/request at=5 named=rename",
        "9 activity_task_scheduled id=1 s2c=0s s2s=0s c=10s hb=0s completed=7",
        "10 activity_task_cancel_requested scheduled=9 completed=7",
        "11 activity_task_canceled scheduled=9 started=0 requested=10 \"ACTIVITY_ID_NOT_STARTED\"",
        "12 workflow_task_scheduled on=sticky attempt=1 timeout=10s",
    ]);
}

#[test]
fn a_running_activity_receives_the_cancel_request_with_its_heartbeat() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    assert!(!case.heartbeat(&activity, "1").cancel_requested);
    case.signal("stop");
    case.work(vec![cancel_activity(5)]);
    case.skip();
    assert!(case.heartbeat(&activity, "2").cancel_requested);
    case.ok(canceled(ActivityRef::Token(activity.token)));
    case.expect(&[
        "11 activity_task_started scheduled=5 attempt=1",
        "12 activity_task_canceled scheduled=5 started=11 requested=10 bye",
        "13 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn an_activity_with_a_cancel_request_is_not_retried() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    case.signal("stop");
    case.work(vec![cancel_activity(5)]);
    case.skip();
    case.fail_activity(&activity, failure("gave up", "GaveUp"));
    case.expect(&[
        "11 activity_task_started scheduled=5 attempt=1",
        "12 activity_task_failed scheduled=5 started=11 cancel_requested \"gave up\"",
        "13 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn a_cancellation_without_a_request_is_rejected() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    let refused = case.apply(canceled(ActivityRef::Token(activity.token)));
    assert!(matches!(refused.unwrap_err(), Rejection::Invalid(_)));
}

#[test]
fn cancelling_an_activity_that_has_just_closed_only_records_the_request() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    case.signal("stop");
    let task = case.poll();
    case.complete_activity(&activity);
    case.skip();
    case.complete(&task, vec![cancel_activity(5)]);
    case.expect(&[
        "9 workflow_task_completed scheduled=7 started=8",
        "10 activity_task_cancel_requested scheduled=5 completed=9",
        "11 activity_task_started scheduled=5 attempt=1",
        "12 activity_task_completed scheduled=5 started=11 done",
        "13 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn a_running_activity_keeps_its_id_until_it_has_ended() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    case.signal("stop");
    case.skip();
    let task = case.poll();
    let commands = vec![cancel_activity(5), schedule_activity("1")];
    let refused = case.ok(completion(task.token, commands, vec![], |_| {}));
    assert!(matches!(
        refused,
        Reply::WorkflowTaskRefused {
            cause: WorkflowTaskFailedCause::ScheduleActivityDuplicateId,
            ..
        }
    ));
    assert!(!case.heartbeat(&activity, "1").cancel_requested);
}

#[test]
fn a_run_may_close_in_the_task_that_cancels() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    case.signal("stop");
    case.skip();
    case.work(vec![cancel_activity(5), complete("stopped")]);
    case.expect(&[
        "8 workflow_task_started scheduled=7",
        "9 workflow_task_completed scheduled=7 started=8",
        "10 activity_task_cancel_requested scheduled=5 completed=9",
        "11 workflow_execution_completed completed=9 stopped",
    ]);
}

fn canceled(activity: ActivityRef) -> Input {
    Input::CancelActivity(CancelActivity {
        activity,
        details: Some(payloads("bye")),
        identity: "worker".to_owned(),
        worker_version: None,
    })
}

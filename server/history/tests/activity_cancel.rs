//! Cancelling activities.

use durably_history::{ActivityRef, CancelActivity, Input, Rejection, Reply};
use durably_proto::api::enums::v1::WorkflowTaskFailedCause;

use crate::case::{Case, completion};
use crate::command::{cancel_activity, complete, failure, payloads, schedule_activity};

#[test]
fn an_activity_nobody_has_is_cancelled_at_once() {
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
fn a_running_activity_learns_it_with_its_heartbeat() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    assert!(!case.heartbeat(&activity, "1"));
    case.signal("stop");
    case.work(vec![cancel_activity(5)]);
    case.skip();
    assert!(case.heartbeat(&activity, "2"));
    case.ok(canceled(ActivityRef::Token(activity.ticket)));
    case.expect(&[
        "11 activity_task_started scheduled=5 attempt=1",
        "12 activity_task_canceled scheduled=5 started=11 requested=10 bye",
        "13 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn an_activity_that_was_asked_to_end_is_not_tried_again() {
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
fn an_activity_cannot_give_in_to_what_nobody_asked() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    let refused = case.apply(canceled(ActivityRef::Token(activity.ticket)));
    assert!(matches!(refused.unwrap_err(), Rejection::Invalid(_)));
}

#[test]
fn cancelling_what_has_just_ended_is_recorded_and_does_nothing() {
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
    assert!(!case.heartbeat(&activity, "1"));
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

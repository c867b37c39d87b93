//! The whole way of a small workflow, as the platform's server records it.

use std::time::Duration;

use durably_history::{Deadline, EventId};
use durably_proto::api::enums::v1::WorkflowExecutionStatus;

use crate::case::Case;
use crate::command::{complete, schedule_activity, start_timer};

#[test]
fn activity_timer_and_signal_are_recorded_in_the_order_they_happened() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    case.complete_activity(&activity);
    case.work(vec![start_timer("2", 60)]);
    case.ring_until(&Deadline::Timer("2".into()));
    case.work(vec![]);
    case.signal("rename");
    case.work(vec![complete("hello")]);
    case.expect(&[
        "1 workflow_execution_started attempt=1",
        "2 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "3 workflow_task_started scheduled=2",
        "4 workflow_task_completed scheduled=2 started=3",
        "5 activity_task_scheduled id=1 s2c=0s s2s=0s c=10s hb=0s completed=4",
        "6 activity_task_started scheduled=5 attempt=1",
        "7 activity_task_completed scheduled=5 started=6 done",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "9 workflow_task_started scheduled=8",
        "10 workflow_task_completed scheduled=8 started=9",
        "11 timer_started id=2 after=60s",
        "12 timer_fired id=2 started=11",
        "13 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "14 workflow_task_started scheduled=13",
        "15 workflow_task_completed scheduled=13 started=14",
        "16 workflow_execution_signaled rename",
        "17 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "18 workflow_task_started scheduled=17",
        "19 workflow_task_completed scheduled=17 started=18",
        "20 workflow_execution_completed completed=19 hello",
    ]);
    assert_eq!(case.run.status(), WorkflowExecutionStatus::Completed);
    assert_eq!(case.deadline(), None, "a closed run waits for nothing");
}

#[test]
fn a_task_is_handed_out_with_the_whole_history_and_its_links() {
    let mut case = Case::start();
    let task = case.poll();
    assert_eq!(task.history, 0..3);
    assert_eq!(
        (task.token.scheduled, task.token.started),
        (EventId(2), EventId(3))
    );
    assert_eq!(
        (task.token.attempt, task.previous_started),
        (1, EventId::NONE)
    );
    assert!(task.transient.is_empty() && task.messages.is_empty() && !task.sticky);
    case.complete(&task, vec![start_timer("1", 1)]);
    case.pass(Duration::from_secs(1));
    case.ring();
    assert_eq!(case.poll().previous_started, EventId(3));
}

//! What happens while a workflow task is with a worker waits for its end.

use durably_history::{Input, Rejection, Reply, Signal};
use durably_proto::api::enums::v1::WorkflowTaskFailedCause;

use crate::case::{Case, completion, signal};
use crate::command::{complete, payloads, schedule_activity, start_timer};

#[test]
fn signals_come_after_the_commands_and_before_the_next_task() {
    let mut case = Case::start();
    let task = case.poll();
    case.skip();
    case.signal("one");
    case.signal("two");
    case.expect(&[]);
    case.complete(&task, vec![start_timer("1", 5)]);
    case.expect(&[
        "4 workflow_task_completed scheduled=2 started=3",
        "5 timer_started id=1 after=5s",
        "6 workflow_execution_signaled one",
        "7 workflow_execution_signaled two",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn closing_events_are_flushed_last_and_linked_to_their_start() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1")]);
    let activity = case.start_activity();
    case.signal("wake");
    let task = case.poll();
    case.skip();
    case.complete_activity(&activity);
    case.signal("later");
    case.complete(&task, vec![]);
    case.expect(&[
        "9 workflow_task_completed scheduled=7 started=8",
        "10 activity_task_started scheduled=5 attempt=1",
        "11 workflow_execution_signaled later",
        "12 activity_task_completed scheduled=5 started=10 done",
        "13 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn a_run_does_not_close_over_events_its_worker_has_not_seen() {
    let mut case = Case::start();
    let task = case.poll();
    case.signal("wait");
    case.skip();
    let reply = case.ok(completion(
        task.token,
        vec![complete("done")],
        vec![],
        |_| {},
    ));
    assert!(matches!(
        reply,
        Reply::WorkflowTaskRefused { cause: WorkflowTaskFailedCause::UnhandledCommand, message } if message == "UnhandledCommand"
    ));
    case.expect(&[
        "4 workflow_task_failed scheduled=2 started=3 unhandled_command",
        "5 workflow_execution_signaled wait",
        "6 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn a_run_that_tried_to_close_takes_no_signals_until_its_next_task_is_done() {
    let mut case = Case::start();
    let task = case.poll();
    case.signal("wait");
    case.ok(completion(
        task.token,
        vec![complete("done")],
        vec![],
        |_| {},
    ));
    case.signal("still open");
    let task = case.poll();
    let refused = case.apply(Input::Signal(signal("too late")));
    assert_eq!(refused.unwrap_err(), Rejection::Closing);
    case.complete(&task, vec![]);
    case.signal("open again");
}

#[test]
fn waiting_events_that_are_too_large_end_the_task_they_wait_for() {
    let mut case = Case::start();
    case.poll();
    case.skip();
    for count in 1..=3 {
        let large = Signal {
            input: Some(payloads(&"x".repeat(1_000_000))),
            ..signal("large")
        };
        case.ok(Input::Signal(large));
        assert_eq!(case.run.has_started_workflow_task(), count < 3);
    }
    // The next task is a repetition, which is recorded when it starts.
    assert_eq!(case.run.events().len(), 3 + 1 + 3);
}

#[test]
fn too_many_waiting_events_end_the_task_they_wait_for() {
    let mut case = Case::start();
    case.poll();
    case.skip();
    for _ in 0..=100 {
        case.signal("flood");
    }
    assert_eq!(case.run.events().len(), 3 + 1 + 101);
    assert!(!case.run.has_started_workflow_task());
    assert!(case.run.has_pending_task());
    // An event that follows makes it a first attempt.
    case.signal("one more");
    case.skip();
    case.poll();
    case.expect(&[
        "107 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "108 workflow_task_started scheduled=107",
    ]);
}

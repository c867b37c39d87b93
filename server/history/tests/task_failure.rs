//! Workflow tasks that fail or take too long.

use std::time::Duration;

use durably_history::{Deadline, EventId, Input, Rejection, TaskNotFound};
use durably_proto::api::enums::v1::EventType;

use crate::case::{Case, completion};
use crate::command::{complete, start_timer};

#[test]
fn a_failed_task_is_tried_again_and_repeated_failures_write_nothing() {
    let mut case = Case::start();
    case.skip();
    let task = case.poll();
    case.fail_task(&task);
    case.expect(&[
        "3 workflow_task_started scheduled=2",
        "4 workflow_task_failed scheduled=2 started=3 workflow_worker_unhandled_failure",
    ]);
    for attempt in 2..=4 {
        let task = case.poll();
        assert_eq!(task.token.attempt, attempt);
        assert_eq!(task.history, 0..4);
        let transient: Vec<_> = task
            .transient
            .iter()
            .map(|e| (e.event_id, e.event_type()))
            .collect();
        assert_eq!(
            transient,
            [
                (5, EventType::WorkflowTaskScheduled),
                (6, EventType::WorkflowTaskStarted)
            ]
        );
        case.fail_task(&task);
    }
    case.expect(&[]);
    case.work(vec![complete("at last")]);
    case.expect(&[
        "5 workflow_task_scheduled on=queue attempt=5 timeout=20s",
        "6 workflow_task_started scheduled=5",
        "7 workflow_task_completed scheduled=5 started=6",
        "8 workflow_execution_completed completed=7 at last",
    ]);
}

#[test]
fn a_task_that_times_out_is_tried_again() {
    let mut case = Case::start();
    let task = case.poll();
    case.skip();
    case.ring();
    case.expect(&["4 workflow_task_timed_out scheduled=2 started=3 start_to_close"]);
    let late = case.apply(completion(task.token, vec![], vec![], |_| {}));
    assert_eq!(
        late.unwrap_err(),
        Rejection::TaskNotFound(TaskNotFound::Workflow)
    );
    case.work(vec![]);
    case.expect(&[
        "5 workflow_task_scheduled on=queue attempt=2 timeout=10s",
        "6 workflow_task_started scheduled=5",
        "7 workflow_task_completed scheduled=5 started=6",
    ]);
}

#[test]
fn readers_see_a_transient_task_until_another_event_takes_its_id() {
    let mut case = Case::start();
    let shown = |case: &Case| -> Vec<_> {
        let events = case.run.unrecorded_events();
        events.iter().map(crate::text::line).collect()
    };
    assert!(shown(&case).is_empty());
    let task = case.poll();
    case.fail_task(&task);
    let scheduled = "5 workflow_task_scheduled on=queue attempt=2 timeout=10s";
    assert_eq!(shown(&case), [scheduled]);
    let task = case.poll();
    assert_eq!(
        shown(&case),
        [scheduled, "6 workflow_task_started scheduled=5"]
    );
    case.fail_task(&task);
    assert!(case.run.has_failing_workflow_task());
    case.signal("news");
    assert!(shown(&case).is_empty(), "the signal is event 5");
}

#[test]
fn a_signal_converts_a_transient_task_to_a_normal_one() {
    let mut case = Case::start();
    let task = case.poll();
    case.fail_task(&task);
    case.skip();
    case.signal("news");
    let task = case.poll();
    assert_eq!((task.token.scheduled, task.token.attempt), (EventId(6), 1));
    case.expect(&[
        "5 workflow_execution_signaled news",
        "6 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "7 workflow_task_started scheduled=6",
    ]);
}

#[test]
fn a_signal_during_a_transient_task_is_buffered_and_the_next_task_is_normal() {
    let mut case = Case::start();
    let task = case.poll();
    case.fail_task(&task);
    let task = case.poll();
    case.skip();
    case.signal("news");
    case.expect(&[]);
    case.fail_task(&task);
    case.expect(&[
        "5 workflow_execution_signaled news",
        "6 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn completing_a_task_ends_its_deadline() {
    let mut case = Case::start();
    let task = case.poll();
    let deadline = Deadline::WorkflowTask(task.token.stamp);
    assert_eq!(case.deadline(), Some(deadline));
    case.complete(&task, vec![start_timer("1", 100)]);
    assert_eq!(case.deadline(), Some(Deadline::Timer("1".into())));
}

#[test]
fn a_worker_prolongs_its_task_up_to_the_limit() {
    let mut case = Case::start();
    let mut task = case.poll();
    let prolong = |response: &mut durably_proto::api::workflowservice::v1::RespondWorkflowTaskCompletedRequest| {
        response.force_create_new_workflow_task = true;
        response.return_new_workflow_task = true;
    };
    for _ in 0..2 {
        case.pass(Duration::from_secs(8));
        let reply = case.ok(completion(task.token, vec![], vec![], prolong));
        task = crate::case::completed(reply).next.expect("the next task");
    }
    case.skip();
    case.pass(Duration::from_secs(30 * 60));
    let reply = case.ok(completion(task.token, vec![], vec![], prolong));
    assert!(matches!(
        reply,
        durably_history::Reply::WorkflowTaskHeartbeatTimeout
    ));
    case.expect(&["10 workflow_task_timed_out scheduled=8 started=9 start_to_close"]);
}

#[test]
fn the_same_poll_may_start_the_same_task_twice_and_another_may_not() {
    let mut case = Case::start();
    let (task_key, _) = case.offered[0].clone();
    let first = case.poll();
    let durably_history::Reply::WorkflowTask(second) =
        case.ok(crate::case::poll(task_key, "queue"))
    else {
        panic!("the task again");
    };
    assert_eq!((first.token, first.history), (second.token, second.history));
    let Input::StartWorkflowTask(mut other) = crate::case::poll(task_key, "queue") else {
        unreachable!()
    };
    other.request_id = "another poll".into();
    assert_eq!(
        case.apply(Input::StartWorkflowTask(other)).unwrap_err(),
        Rejection::TaskAlreadyStarted
    );
}

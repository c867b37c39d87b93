//! Runs that go on in a fresh history.

use std::time::Duration;

use durably_history::{Deadline, Effect};
use durably_proto::api::enums::v1::WorkflowExecutionStatus;
use durably_proto::api::history::v1::WorkflowExecutionStartedEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::case::Case;
use crate::command::{complete, continue_as_new, payloads, seconds, workflow_type};

pub fn started(case: &Case) -> WorkflowExecutionStartedEventAttributes {
    match case.run.events().get(0).and_then(|it| it.attributes) {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => started,
        other => panic!("a start, not {other:?}"),
    }
}

#[test]
fn the_next_run_carries_on_what_the_command_does_not_change() {
    let mut case = Case::start_with(|request| {
        request.workflow_run_timeout = Some(seconds(50));
        request.workflow_execution_timeout = Some(seconds(90));
    });
    case.pass(Duration::from_secs(2));
    case.work(vec![continue_as_new(|a| a.input = Some(payloads("next")))]);
    assert_eq!(case.run.status(), WorkflowExecutionStatus::ContinuedAsNew);
    assert!(matches!(case.effects.last(), Some(Effect::StartNext(_))));
    let mut next = case.next_run();
    assert_eq!(case.run.next_run_id(), Some(next.run.run_id().to_string()));
    next.expect(&[
        "1 workflow_execution_started attempt=1 after=run-1 by=CONTINUE_AS_NEW_INITIATOR_WORKFLOW",
        "2 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
    let (first, second) = (started(&case), started(&next));
    assert_eq!(second.first_execution_run_id, "run-1");
    assert_eq!(second.original_execution_run_id, next.run.run_id().as_str());
    assert_eq!(second.workflow_type, first.workflow_type);
    assert_eq!(second.task_queue, first.task_queue);
    assert_eq!(second.workflow_run_timeout, Some(seconds(50)));
    assert_eq!(
        second.workflow_execution_expiration_time,
        first.workflow_execution_expiration_time
    );
    assert_eq!(second.input, Some(payloads("next")));
}

#[test]
fn the_command_can_change_type_queue_and_timeouts() {
    let mut case = Case::start();
    case.pass(Duration::from_secs(2));
    case.work(vec![continue_as_new(|a| {
        a.workflow_type = Some(workflow_type("Farewell"));
        a.task_queue = Some(crate::command::queue("other"));
        a.workflow_task_timeout = Some(seconds(3));
    })]);
    let mut next = case.next_run();
    next.expect(&[
        "1 workflow_execution_started attempt=1 after=run-1 by=CONTINUE_AS_NEW_INITIATOR_WORKFLOW",
        "2 workflow_task_scheduled on=other attempt=1 timeout=3s",
    ]);
    assert_eq!(next.run.workflow_type(), "Farewell");
}

#[test]
fn runs_that_follow_each_other_too_fast_are_spaced() {
    let mut case = Case::start();
    case.pass(Duration::from_millis(100));
    case.work(vec![continue_as_new(|_| {})]);
    let mut next = case.next_run();
    next.expect(&[
        "1 workflow_execution_started attempt=1 after=run-1 by=CONTINUE_AS_NEW_INITIATOR_WORKFLOW backoff=0.900s",
    ]);
    assert_eq!(next.ring(), Deadline::FirstWorkflowTask);
    next.expect(&["2 workflow_task_scheduled on=queue attempt=1 timeout=10s"]);
}

#[test]
fn a_signal_does_not_shorten_the_wait() {
    let mut case = Case::start();
    case.work(vec![continue_as_new(|a| {
        a.backoff_start_interval = Some(seconds(9))
    })]);
    let mut next = case.next_run();
    next.skip();
    next.signal("early");
    next.expect(&["2 workflow_execution_signaled early"]);
    next.ring();
    next.work(vec![complete("done")]);
    next.expect(&[
        "3 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "4 workflow_task_started scheduled=3",
        "5 workflow_task_completed scheduled=3 started=4",
        "6 workflow_execution_completed completed=5 done",
    ]);
}

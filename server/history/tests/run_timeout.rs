//! Runs and executions that take too long.

use std::time::Duration;

use durably_history::{Deadline, Input};
use durably_proto::api::enums::v1::WorkflowExecutionStatus;

use crate::case::Case;
use crate::command::{attempts, seconds, start_timer};

#[test]
fn a_run_that_takes_too_long_ends() {
    let mut case = Case::start_with(|request| request.workflow_run_timeout = Some(seconds(3)));
    case.work(vec![start_timer("1", 100)]);
    case.expect(&[
        "1 workflow_execution_started attempt=1",
        "2 workflow_task_scheduled on=queue attempt=1 timeout=3s",
        "3 workflow_task_started scheduled=2",
        "4 workflow_task_completed scheduled=2 started=3",
        "5 timer_started id=1 after=100s",
    ]);
    assert_eq!(case.ring(), Deadline::Run);
    case.expect(&["6 workflow_execution_timed_out retry_policy_not_set"]);
    assert_eq!(case.run.status(), WorkflowExecutionStatus::TimedOut);
    assert_eq!(case.deadline(), None);
}

#[test]
fn a_run_timeout_fails_the_started_task_and_flushes_buffered_events() {
    let mut case = Case::start_with(|request| request.workflow_run_timeout = Some(seconds(5)));
    case.poll();
    case.signal("waits");
    case.skip();
    case.pass(Duration::from_secs(5));
    case.ok(Input::Due(Deadline::Run));
    case.expect(&[
        "4 workflow_task_failed scheduled=2 started=3 force_close_command",
        "5 workflow_execution_signaled waits",
        "6 workflow_execution_timed_out retry_policy_not_set",
    ]);
}

#[test]
fn a_retry_policy_tries_a_timed_out_run_again() {
    let mut case = Case::start_with(|request| {
        request.workflow_run_timeout = Some(seconds(5));
        request.retry_policy = Some(attempts(2));
    });
    case.skip();
    case.ring();
    case.expect(&["3 workflow_execution_timed_out in_progress"]);
    case.next_run().expect(&[
        "1 workflow_execution_started attempt=2 after=run-1 by=CONTINUE_AS_NEW_INITIATOR_RETRY backoff=1s",
    ]);
}

#[test]
fn a_timed_out_run_is_not_retried_past_the_execution_timeout() {
    let mut case = Case::start_with(|request| {
        request.workflow_run_timeout = Some(seconds(5));
        request.workflow_execution_timeout = Some(seconds(8));
        request.retry_policy = Some(attempts(0));
    });
    case.ring();
    let mut next = case.next_run();
    next.skip();
    assert_eq!(
        next.run.started_at().since(case.run.started_at()),
        Duration::from_secs(5)
    );
    next.ring_until(&Deadline::Run);
    assert_eq!(
        next.now.since(case.run.started_at()),
        Duration::from_secs(8)
    );
    next.expect(&[
        "2 workflow_task_scheduled on=queue attempt=1 timeout=5s",
        "3 workflow_execution_timed_out timeout",
    ]);
}

//! Runs whose first workflow task is held back.

use std::time::Duration;

use durably_history::{Deadline, Input, Rejection};

use crate::case::{Case, signal};
use crate::command::{complete, continue_as_new, fail, failure, reject, seconds, update};
use crate::continue_as_new::started;
use crate::requests::cancel;

fn delayed() -> Case {
    let mut case = Case::start_with(|request| request.workflow_start_delay = Some(seconds(60)));
    case.skip();
    case
}

fn cron() -> Case {
    let mut case = Case::start_with(|request| request.cron_schedule = "0 2 * * *".to_owned());
    case.skip();
    case
}

#[test]
fn all_but_a_plain_signal_ends_the_delay() {
    for delayed in [delayed, cron] {
        let mut case = delayed();
        case.signal("early");
        case.expect(&["2 workflow_execution_signaled early"]);
        case.ok(Input::SignalWithStart(signal("start")));
        case.expect(&[
            "3 workflow_execution_signaled start",
            "4 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        ]);

        let mut case = delayed();
        case.ok(cancel());
        case.expect(&[
            "2 workflow_execution_cancel_requested enough",
            "3 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        ]);

        let mut case = delayed();
        case.ok(Input::Update(update("u1")));
        case.expect(&[]);
        assert_eq!(case.poll().messages[0].id, "u1/request");
    }
}

#[test]
fn the_deadline_of_an_ended_delay_schedules_no_second_task() {
    let mut case = delayed();
    case.ok(cancel());
    case.pass(Duration::from_secs(60));
    assert_eq!(
        case.apply(Input::Due(Deadline::FirstWorkflowTask)).err(),
        Some(Rejection::StaleDeadline)
    );
    case.work(vec![]);
    assert_eq!(case.deadline(), None);
}

#[test]
fn a_rejected_update_does_not_end_the_delay() {
    let mut case = delayed();
    case.ok(Input::Update(update("u1")));
    let task = case.poll();
    case.answer(&task, vec![], vec![reject("u1")]);
    case.signal("early");
    case.expect(&["2 workflow_execution_signaled early"]);
    assert!(case.run.is_delayed());
    case.ring_until(&Deadline::FirstWorkflowTask);
    case.expect(&["3 workflow_task_scheduled on=sticky attempt=1 timeout=10s"]);
}

#[test]
fn a_delay_that_ends_while_an_update_is_rejected_is_not_forgotten() {
    let mut case = delayed();
    case.pass(Duration::from_secs(55));
    case.ok(Input::Update(update("u1")));
    let task = case.poll();
    case.pass(Duration::from_secs(6));
    assert!(case.apply(Input::Due(Deadline::FirstWorkflowTask)).is_err());
    case.answer(&task, vec![], vec![reject("u1")]);
    case.expect(&["2 workflow_task_scheduled on=sticky attempt=1 timeout=10s"]);
}

#[test]
fn a_cron_run_that_started_early_does_not_use_up_its_time() {
    for ending in [complete("bye"), fail(failure("no", "No"))] {
        let mut case = cron();
        let first = started(&case).first_workflow_task_backoff;
        case.ok(cancel());
        case.work(vec![ending]);
        let next = case.next_run();
        assert_eq!(started(&next).first_workflow_task_backoff, first);
    }
}

#[test]
fn the_pause_between_two_runs_counts_from_the_early_start() {
    for (lifetime, pause) in [(400, 600), (2000, 0)] {
        let mut case = delayed();
        case.pass(Duration::from_millis(lifetime));
        case.ok(cancel());
        case.work(vec![continue_as_new(|_| {})]);
        let next = case.next_run();
        let backoff = started(&next).first_workflow_task_backoff;
        assert_eq!(backoff.unwrap_or_default().nanos, pause * 1_000_000);
    }
}

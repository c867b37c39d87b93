//! User timers.

use std::time::Duration;

use durably_history::{Deadline, Input, Rejection};

use crate::case::Case;
use crate::command::{cancel_timer, complete, start_timer};

#[test]
fn a_timer_is_due_when_it_fires() {
    let mut case = Case::start();
    case.work(vec![start_timer("1", 30)]);
    let at = case.now + Duration::from_secs(30);
    let deadline = Deadline::Timer("1".into());
    assert_eq!(case.run.next_deadline(), Some((at, deadline)));
}

#[test]
fn a_deadline_before_its_time_is_stale() {
    let mut case = Case::start();
    case.work(vec![start_timer("1", 30)]);
    case.pass(Duration::from_secs(29));
    let early = case.apply(Input::Due(Deadline::Timer("1".into())));
    assert_eq!(early.unwrap_err(), Rejection::StaleDeadline);
}

#[test]
fn timers_due_at_the_same_time_are_seen_by_one_task() {
    let mut case = Case::start();
    case.work(vec![
        start_timer("b", 5),
        start_timer("a", 5),
        start_timer("late", 6),
    ]);
    case.skip();
    case.ring();
    case.expect(&[
        "8 timer_fired id=b started=5",
        "9 timer_fired id=a started=6",
        "10 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
    assert_eq!(case.deadline(), Some(Deadline::Timer("late".into())));
}

#[test]
fn a_cancelled_timer_has_no_deadline() {
    let mut case = Case::start();
    case.work(vec![start_timer("1", 30)]);
    case.signal("stop");
    case.skip();
    case.work(vec![cancel_timer("1")]);
    case.expect(&[
        "8 workflow_task_started scheduled=7",
        "9 workflow_task_completed scheduled=7 started=8",
        "10 timer_canceled id=1 started=5",
    ]);
    assert_eq!(case.deadline(), None);
}

#[test]
fn a_timer_whose_fired_event_is_buffered_can_be_cancelled() {
    let mut case = Case::start();
    case.work(vec![start_timer("1", 1)]);
    case.signal("stop");
    let task = case.poll();
    case.skip();
    case.ring();
    case.complete(&task, vec![cancel_timer("1"), complete("stopped")]);
    case.expect(&[
        "9 workflow_task_completed scheduled=7 started=8",
        "10 timer_canceled id=1 started=5",
        "11 workflow_execution_completed completed=9 stopped",
    ]);
}

#[test]
fn a_timer_id_can_be_used_again_once_the_timer_is_gone() {
    let mut case = Case::start();
    case.work(vec![start_timer("1", 9)]);
    case.signal("again");
    case.skip();
    case.work(vec![cancel_timer("1"), start_timer("1", 3)]);
    case.expect(&[
        "8 workflow_task_started scheduled=7",
        "9 workflow_task_completed scheduled=7 started=8",
        "10 timer_canceled id=1 started=5",
        "11 timer_started id=1 after=3s",
    ]);
}

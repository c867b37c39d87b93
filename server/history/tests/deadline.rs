//! The deadline that is due first.

use std::time::Duration;

use durably_history::{Deadline, EventId, Input, Rejection, Time};

use crate::case::Case;
use crate::command::{schedule_activity_with, seconds, start_timer};

#[test]
fn deadlines_of_one_time_fire_in_a_fixed_order() {
    let mut case = Case::start_with(|request| request.workflow_run_timeout = Some(seconds(10)));
    case.work_sticky(vec![
        start_timer("1", 10),
        schedule_activity_with("2", |activity| {
            activity.start_to_close_timeout = None;
            activity.schedule_to_close_timeout = Some(seconds(10));
        }),
    ]);
    let due = case.now + Duration::from_secs(10);
    // Its task may wait in the worker's own queue for ten seconds, too.
    case.signal("go");
    let fired = [case.ring(), case.ring(), case.ring(), case.ring()];
    assert!(matches!(fired[0], Deadline::WorkflowTask(_)), "{fired:?}");
    assert_eq!(
        fired[1..],
        [
            Deadline::Timer("1".into()),
            Deadline::Activity(EventId(6)),
            Deadline::Run
        ]
    );
    assert_eq!(case.now, due);
    assert_eq!(case.deadline(), None);
}

#[test]
fn a_deadline_that_is_not_the_first_may_fire_before_it() {
    let mut case = Case::start_with(|request| request.workflow_run_timeout = Some(seconds(20)));
    case.work(vec![start_timer("1", 10)]);
    case.pass(Duration::from_secs(20));
    assert_eq!(case.deadline(), Some(Deadline::Timer("1".into())));
    case.ok(Input::Due(Deadline::Run));
    assert_eq!(case.deadline(), None);
}

#[test]
fn a_deadline_fires_once() {
    let mut case = Case::start();
    case.work(vec![start_timer("1", 10)]);
    let deadline = case.ring();
    assert_eq!(
        case.apply(Input::Due(deadline)).err(),
        Some(Rejection::StaleDeadline)
    );
}

#[test]
fn nothing_is_due_at_the_end_of_time() {
    let mut case = Case::start();
    // The longest duration, a hundred years, ends after it.
    case.now = Time::from_unix_nanos(9_000_000_000_000_000_000);
    case.work(vec![start_timer("1", i64::MAX), start_timer("2", 5)]);
    assert_eq!(case.deadline(), Some(Deadline::Timer("2".into())));
    case.ring();
    case.work(vec![]);
    assert_eq!(case.run.next_deadline(), None);
    case.now = Time::MAX;
    case.ok(Input::Due(Deadline::Timer("1".into())));
}

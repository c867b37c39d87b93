//! Workers that keep runs in their cache.

use durably_history::{Deadline, EventId, Input, TaskQueue};

use crate::case::{Case, QUEUE};

#[test]
fn the_next_task_goes_to_the_workers_own_queue_with_the_new_events_only() {
    let mut case = Case::start();
    case.work_sticky(vec![]);
    case.skip();
    case.signal("news");
    case.expect(&[
        "5 workflow_execution_signaled news",
        "6 workflow_task_scheduled on=sticky attempt=1 timeout=10s",
    ]);
    let task = case.poll();
    assert!(task.sticky);
    assert_eq!((task.previous_started, task.history), (EventId(3), 3..7));
}

#[test]
fn a_sticky_task_without_a_poll_moves_to_the_normal_queue() {
    let mut case = Case::start();
    case.work_sticky(vec![]);
    case.signal("news");
    case.skip();
    assert!(matches!(case.ring(), Deadline::WorkflowTask(_)));
    case.expect(&[
        "7 workflow_task_timed_out scheduled=6 started=0 schedule_to_start",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
    let task = case.poll();
    assert_eq!(task.history, 0..9);
}

#[test]
fn a_failed_sticky_task_is_first_retried_on_the_normal_queue() {
    let mut case = Case::start();
    case.work_sticky(vec![]);
    case.signal("news");
    let task = case.poll();
    case.skip();
    case.fail_task(&task);
    case.expect(&[
        "8 workflow_task_failed scheduled=6 started=7 workflow_worker_unhandled_failure",
        "9 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn a_sticky_task_on_the_normal_queue_carries_the_whole_history() {
    let mut case = Case::start();
    case.work_sticky(vec![]);
    case.signal("news");
    let task = case.poll_on(QUEUE);
    assert!(!task.sticky);
    assert_eq!(task.history, 0..7);
    assert_eq!(
        case.run.current_task_queue(),
        TaskQueue::Normal(QUEUE.into())
    );
}

#[test]
fn a_worker_that_lost_its_cache_asks_for_the_normal_queue() {
    let mut case = Case::start();
    case.work_sticky(vec![]);
    case.ok(Input::ResetStickiness);
    case.skip();
    case.signal("news");
    case.expect(&[
        "5 workflow_execution_signaled news",
        "6 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

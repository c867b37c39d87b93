//! Tasks that wait in queues, and are offered again after a restart.

use durably_history::{Effect, TaskQueue};

use crate::case::{Case, QUEUE, STICKY};
use crate::command::{complete, failure, schedule_activity, start_timer};

/// The tasks as text: queue and event.
fn offers(case: &Case) -> Vec<String> {
    let offers: Vec<_> = case
        .run
        .pending_tasks()
        .into_iter()
        .map(|effect| match effect {
            Effect::DispatchWorkflowTask {
                task_key, queue, ..
            } => {
                let kind = match &queue {
                    TaskQueue::Normal(_) => "normal",
                    TaskQueue::Sticky(_) => "sticky",
                };
                format!("{kind} {} {}", queue.name(), task_key.scheduled)
            }
            Effect::DispatchActivity { task_key, queue } => {
                format!("{queue} {} {}", task_key.scheduled, task_key.attempt)
            }
            other => panic!("an offer, not {other:?}"),
        })
        .collect();
    assert_eq!(case.run.has_pending_task(), !offers.is_empty());
    offers
}

#[test]
fn tasks_are_pending_until_a_worker_has_them() {
    let mut case = Case::start();
    assert_eq!(offers(&case), [format!("normal {QUEUE} 2")]);
    case.work_sticky(vec![
        start_timer("1", 100),
        schedule_activity("2"),
        schedule_activity("3"),
    ]);
    assert_eq!(offers(&case), ["activities 6 1", "activities 7 1"]);
    case.signal("go");
    let sticky = format!("sticky {STICKY} 9");
    assert_eq!(offers(&case), [&sticky, "activities 6 1", "activities 7 1"]);
    let activity = case.start_activity();
    let task = case.poll();
    assert_eq!(offers(&case), ["activities 6 1"]);
    // An attempt that waits for its time is in no queue.
    case.fail_activity(&activity, failure("once", "Once"));
    assert_eq!(offers(&case), ["activities 6 1"]);
    case.ring();
    assert_eq!(offers(&case), ["activities 6 1", "activities 7 2"]);
    case.complete(&task, vec![complete("done")]);
    assert_eq!(offers(&case), [""; 0]);
}

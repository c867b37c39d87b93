use durably_proto::api::workflowservice::v1::*;
use durably_server::Clock;
use tonic::Request;

use crate::case::*;

/// Starts a workflow, completes its first task stickily, and signals it while `sticky` waits.
async fn cached(case: &Case) {
    case.start("w").await;
    let task = case.task().await;
    case.complete_sticky(&task, Vec::new()).await;
}

#[tokio::test]
async fn a_cached_run_receives_new_events_only() {
    let case = Case::new().await;
    cached(&case).await;
    let (task, signalled) = tokio::join!(case.sticky_task(), case.signal("w", "s"));
    signalled.expect("it runs");
    assert_eq!(task.previous_started_event_id, 3);
    let events: Vec<_> = task.history.unwrap_or_default().events;
    let ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
    assert_eq!(ids, [4, 5, 6, 7]);
}

#[tokio::test]
async fn a_run_without_its_sticky_worker_goes_to_the_normal_queue() {
    let case = Case::new().await;
    cached(&case).await;
    case.signal("w", "s").await.expect("it runs");
    let task = case.task().await;
    assert_eq!(task.history.unwrap_or_default().events[0].event_id, 1);
}

#[tokio::test]
async fn the_sticky_tasks_of_a_worker_that_shuts_down_move_to_the_normal_queue() {
    let case = Case::new().await;
    cached(&case).await;
    let (task, signalled) = tokio::join!(case.sticky_task(), case.signal("w", "s"));
    signalled.expect("it runs");
    case.complete_sticky(&task, Vec::new()).await;
    case.signal("w", "s").await.expect("it runs");
    ok(case
        .service
        .shutdown_worker(Request::new(ShutdownWorkerRequest {
            namespace: NAMESPACE.to_owned(),
            sticky_task_queue: STICKY.to_owned(),
            ..Default::default()
        }))
        .await);
    let task = case.task().await;
    assert_eq!(task.history.unwrap_or_default().events[0].event_id, 1);
}

#[tokio::test]
async fn stickiness_is_reset_on_demand() {
    let case = Case::new().await;
    cached(&case).await;
    ok(case
        .service
        .reset_sticky_task_queue(Request::new(ResetStickyTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            execution: named("w"),
        }))
        .await);
    let poll = case.sticky_task();
    tokio::pin!(poll);
    tokio::select! {
        biased;
        _ = &mut poll => panic!("nothing is for the sticky queue"),
        signalled = case.signal("w", "s") => signalled.expect("it runs"),
    }
    case.task().await;
}

#[tokio::test]
async fn a_sticky_task_that_times_out_goes_to_the_normal_queue() {
    let case = Case::with(Clock::system()).await;
    case.start("w").await;
    let task = case.task().await;
    let mut completion = completion(&task, Vec::new());
    completion.sticky_attributes = Some(
        durably_proto::api::taskqueue::v1::StickyExecutionAttributes {
            worker_task_queue: Some(sticky()),
            schedule_to_start_timeout: Some(durably_proto::wkt::Duration {
                seconds: 0,
                nanos: 50_000_000,
            }),
        },
    );
    case.complete_with(completion).await;
    {
        // The worker was here a moment ago, so the task is offered to it.
        let poll = case.sticky_task();
        tokio::pin!(poll);
        let seen = std::future::poll_fn(|cx| std::task::Poll::Ready(poll.as_mut().poll(cx)));
        assert!(seen.await.is_pending());
    }
    case.signal("w", "s").await.expect("it runs");
    let task = case.task().await;
    assert_eq!(task.history.unwrap_or_default().events[0].event_id, 1);
    let history = case.history("w").await;
    assert!(
        history.contains(&"WorkflowTaskTimedOut".to_owned()),
        "{history:?}"
    );
}

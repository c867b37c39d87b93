use std::time::{Duration, Instant};

use durably_proto::api::workflowservice::v1::StartWorkflowExecutionRequest;
use durably_server::Clock;

use crate::case::*;

const MONTH: i64 = 30 * 24 * 3600;

#[tokio::test]
async fn a_month_passes_at_once() {
    let began = Instant::now();
    let case = Case::with(Clock::skipping().unlocked()).await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, vec![start_timer("t", MONTH)]).await;
    let task = case.task().await;
    case.complete(&task, vec![complete_workflow()]).await;
    let events = case.events("w").await;
    let at = |n: usize| events[n].event_time.unwrap_or_default().seconds;
    assert!(at(events.len() - 1) - at(0) >= MONTH);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn timers_fire_in_their_order() {
    let case = Case::with(Clock::skipping().unlocked()).await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(
        &task,
        vec![start_timer("later", 7200), start_timer("sooner", 3600)],
    )
    .await;
    for expected in ["sooner", "later"] {
        let task = case.task().await;
        let events = task.history.clone().unwrap_or_default().events;
        use durably_proto::api::history::v1::history_event::Attributes::TimerFiredEventAttributes;
        let fired = events
            .iter()
            .rev()
            .find_map(|event| match &event.attributes {
                Some(TimerFiredEventAttributes(fired)) => Some(fired.timer_id.clone()),
                _ => None,
            });
        assert_eq!(fired.as_deref(), Some(expected));
        case.complete(&task, Vec::new()).await;
    }
}

#[tokio::test]
async fn the_clock_stands_while_a_task_is_started() {
    let case = Case::with(Clock::skipping().unlocked()).await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, vec![start_timer("t", MONTH), schedule_activity("a")])
        .await;
    let activity = case.activity().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(case.history("w").await.len(), 6, "the timer has not fired");
    case.complete_activity(activity).await;
    let task = case.task().await;
    case.complete(&task, Vec::new()).await;
    case.task().await;
}

#[tokio::test]
async fn a_run_ends_at_its_timeout() {
    let case = Case::with(Clock::skipping().unlocked()).await;
    case.start_with(StartWorkflowExecutionRequest {
        workflow_run_timeout: Some(seconds(3600)),
        ..request("w")
    })
    .await;
    let task = case.task().await;
    case.complete(&task, Vec::new()).await;
    assert_eq!(short(&case.closed("w").await), "WorkflowExecutionTimedOut");
}

#[tokio::test]
async fn a_workflow_task_that_times_out_goes_to_another_worker() {
    let case = Case::new().await;
    case.start_with(StartWorkflowExecutionRequest {
        workflow_task_timeout: Some(durably_proto::wkt::Duration {
            seconds: 0,
            nanos: 50_000_000,
        }),
        ..request("w")
    })
    .await;
    case.task().await;
    let again = case.task().await;
    assert_eq!(again.attempt, 2);
}

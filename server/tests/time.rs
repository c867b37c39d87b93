use std::time::{Duration, Instant};

use durably_proto::api::testservice::v1::{
    LockTimeSkippingRequest, SleepRequest, UnlockTimeSkippingRequest,
};
use durably_proto::api::workflowservice::v1::StartWorkflowExecutionRequest;
use durably_proto::service::testing::test_service_client::TestServiceClient;
use durably_server::{Clock, Server};

use crate::case::*;

const MONTH: i64 = 30 * 24 * 3600;

#[tokio::test]
async fn a_month_passes_at_once() {
    let began = Instant::now();
    let case = Case::with(Clock::skipping()).await;
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
    let case = Case::with(Clock::skipping()).await;
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
async fn time_stands_while_somebody_works() {
    let case = Case::with(Clock::skipping()).await;
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
    let case = Case::with(Clock::skipping()).await;
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
async fn a_workflow_task_that_takes_too_long_is_given_to_another() {
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

#[tokio::test]
async fn the_test_service_locks_and_unlocks() {
    let server = Server::builder()
        .clock(Clock::skipping_once_unlocked())
        .start()
        .await
        .expect("a port is free");
    let mut time = TestServiceClient::connect(server.url().expect("it listens"))
        .await
        .expect("it listens");
    let before = now(&mut time).await;
    let sleep = SleepRequest {
        duration: Some(seconds(MONTH)),
    };
    time.unlock_time_skipping_with_sleep(sleep)
        .await
        .expect("it was locked");
    assert!(now(&mut time).await - before >= MONTH);
    time.unlock_time_skipping(UnlockTimeSkippingRequest {})
        .await
        .expect("it is locked again");
    let unbalanced = time
        .unlock_time_skipping(UnlockTimeSkippingRequest {})
        .await;
    assert!(unbalanced.is_err());
    time.lock_time_skipping(LockTimeSkippingRequest {})
        .await
        .expect("it can always be locked");
}

#[tokio::test]
async fn a_sleep_ends_before_what_is_due_later() {
    let case = Case::listening(Clock::skipping_once_unlocked()).await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, vec![start_timer("t", MONTH)]).await;
    let mut time = case.time().await;
    let before = now(&mut time).await;
    time.unlock_time_skipping_with_sleep(SleepRequest {
        duration: Some(seconds(3600)),
    })
    .await
    .expect("it was locked");
    let slept = now(&mut time).await - before;
    assert!((3600..MONTH).contains(&slept), "{slept} s");
}

#[tokio::test]
async fn a_client_that_hangs_up_in_its_sleep_leaves_time_locked() {
    let case = Case::listening(Clock::skipping_once_unlocked()).await;
    case.start("w").await;
    let mut time = case.time().await;
    let sleep = SleepRequest {
        duration: Some(seconds(MONTH)),
    };
    // The workflow task nobody takes keeps the clock from jumping.
    let mut hung_up = tonic::Request::new(sleep);
    hung_up.set_timeout(Duration::from_millis(50));
    time.unlock_time_skipping_with_sleep(hung_up)
        .await
        .expect_err("nobody waits so long");
    let locked = || async {
        let mut time = time.clone();
        time.unlock_time_skipping(UnlockTimeSkippingRequest {})
            .await
            .is_ok()
    };
    let mut again = 0;
    while !locked().await {
        again += 1;
        assert!(again < 500, "it is locked again when the server notices");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let before = now(&mut time).await;
    let task = case.task().await;
    case.complete(&task, Vec::new()).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let passed = now(&mut time).await - before;
    assert!(passed < MONTH, "nobody sleeps any more");
}

async fn now(time: &mut TestServiceClient<tonic::transport::Channel>) -> i64 {
    let now = time.get_current_time(()).await.expect("it answers");
    now.into_inner().time.unwrap_or_default().seconds
}

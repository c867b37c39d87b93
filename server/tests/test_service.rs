//! The TestService, through which the test environments of other SDKs move the clock.

use std::time::Duration;

use durably_proto::api::testservice::v1::{
    LockTimeSkippingRequest, SleepRequest, UnlockTimeSkippingRequest,
};
use durably_proto::service::testing::test_service_client::TestServiceClient;
use durably_server::Clock;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::case::*;

const HOUR: i64 = 3600;
const MONTH: i64 = 30 * 24 * HOUR;

#[tokio::test]
async fn a_sleep_moves_the_clock_and_locks_it_again() {
    let case = Case::listening(Clock::test_server()).await;
    let mut time = case.time().await;
    let before = now(&mut time).await;
    sleep(&mut time, MONTH).await.expect("it was locked");
    assert!(now(&mut time).await - before >= MONTH);
    unlock(&mut time).await.expect("it is locked again");
}

#[tokio::test]
async fn an_unlock_without_a_lock_is_refused() {
    let case = Case::listening(Clock::test_server()).await;
    let mut time = case.time().await;
    unlock(&mut time).await.expect("it starts locked");
    let refused = unlock(&mut time).await.expect_err("nothing is locked");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    lock(&mut time).await;
    lock(&mut time).await;
    for _ in 0..2 {
        unlock(&mut time).await.expect("it was locked twice");
    }
    assert!(unlock(&mut time).await.is_err());
}

#[tokio::test]
async fn results_are_awaited_side_by_side() {
    let case = Case::listening(Clock::test_server()).await;
    let mut time = case.time().await;
    for id in ["a", "b"] {
        case.start(id).await;
        let task = case.task().await;
        case.complete(&task, vec![start_timer("t", MONTH)]).await;
    }
    // What the test environments of the SDKs do for each result.
    for _ in 0..2 {
        unlock(&mut time).await.expect("each run can be awaited");
    }
    for _ in 0..2 {
        let task = case.task().await;
        case.complete(&task, vec![complete_workflow()]).await;
    }
    for id in ["a", "b"] {
        assert_eq!(short(&case.closed(id).await), "WorkflowExecutionCompleted");
        lock(&mut time).await;
    }
    assert_locked(&case, &mut time).await;
}

#[tokio::test]
async fn a_client_sleeps_while_an_activity_runs_and_a_result_is_awaited() {
    let case = Case::listening(Clock::test_server()).await;
    let mut time = case.time().await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, vec![schedule_activity("a")]).await;
    let activity = case.activity().await;
    unlock(&mut time).await.expect("the result is awaited");
    let before = now(&mut time).await;
    sleep(&mut time, 30)
        .await
        .expect("the activity holds a lock");
    assert!(now(&mut time).await - before >= 30);
    case.complete_activity(activity).await;
    let task = case.task().await;
    case.complete(&task, vec![complete_workflow()]).await;
    lock(&mut time).await;
    assert_locked(&case, &mut time).await;
}

#[tokio::test]
async fn an_unlock_that_was_left_over_does_not_break_later_tests() {
    let case = Case::listening(Clock::test_server()).await;
    let mut time = case.time().await;
    unlock(&mut time).await.expect("it starts locked");
    // The client went away without locking again. The next ones await results and sleep.
    for id in ["a", "b"] {
        case.start(id).await;
        unlock(&mut time).await.expect("a run can be awaited");
        let task = case.task().await;
        case.complete(&task, vec![complete_workflow()]).await;
        lock(&mut time).await;
        sleep(&mut time, HOUR)
            .await
            .expect("a sleep unlocks for itself");
    }
}

#[tokio::test]
async fn a_locked_clock_runs_at_the_machines_pace() {
    let case = Case::listening(Clock::test_server()).await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, vec![start_timer("t", 1)]).await;
    // Nobody waits for a result: a second passes all the same.
    let task = case.task().await;
    case.complete(&task, vec![complete_workflow()]).await;
}

#[tokio::test]
async fn a_sleep_ends_before_what_is_due_later() {
    let case = Case::listening(Clock::test_server()).await;
    case.start("w").await;
    let task = case.task().await;
    case.complete(&task, vec![start_timer("t", MONTH)]).await;
    let mut time = case.time().await;
    let before = now(&mut time).await;
    sleep(&mut time, HOUR).await.expect("it was locked");
    let slept = now(&mut time).await - before;
    assert!((HOUR..MONTH).contains(&slept), "{slept} s");
}

#[tokio::test]
async fn a_client_that_hangs_up_in_its_sleep_leaves_time_locked() {
    let case = Case::listening(Clock::test_server()).await;
    case.start("w").await;
    let mut time = case.time().await;
    // The workflow task that no worker takes keeps the clock from jumping.
    let mut hung_up = Request::new(SleepRequest {
        duration: Some(seconds(MONTH)),
    });
    hung_up.set_timeout(Duration::from_millis(50));
    time.unlock_time_skipping_with_sleep(hung_up)
        .await
        .expect_err("no client waits so long");
    // One lock, the run and its task can be unlocked; during the sleep the lock is missing.
    let mut again = 0;
    while unlocks(&mut time).await < 3 {
        again += 1;
        assert!(again < 500, "it is locked again when the server notices");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let task = case.task().await;
    case.complete(&task, vec![start_timer("t", MONTH)]).await;
    assert_locked(&case, &mut time).await;
}

#[tokio::test]
async fn a_sleep_beyond_what_times_can_hold_is_refused() {
    let case = Case::listening(Clock::test_server()).await;
    let mut time = case.time().await;
    let refused = sleep(&mut time, 300 * 12 * MONTH).await;
    assert_eq!(refused.expect_err("too far").code(), Code::InvalidArgument);
}

/// How many unlocks are accepted; they are taken back.
async fn unlocks(time: &mut TestServiceClient<Channel>) -> usize {
    let mut unlocked = 0;
    while unlock(time).await.is_ok() {
        unlocked += 1;
    }
    for _ in 0..unlocked {
        lock(time).await;
    }
    unlocked
}

/// A timer of a month does not fire while a workflow gets a task and answers it.
async fn assert_locked(case: &Case, time: &mut TestServiceClient<Channel>) {
    let before = now(time).await;
    case.start("later").await;
    let task = case.task().await;
    case.complete(&task, vec![start_timer("t", MONTH)]).await;
    case.signal("later", "wake").await.expect("it runs");
    let task = case.task().await;
    case.complete(&task, vec![complete_workflow()]).await;
    assert!(now(time).await - before < MONTH);
}

async fn sleep(time: &mut TestServiceClient<Channel>, for_seconds: i64) -> Result<(), Status> {
    let sleep = SleepRequest {
        duration: Some(seconds(for_seconds)),
    };
    let slept = time.unlock_time_skipping_with_sleep(sleep).await;
    slept.map(|_| ())
}

async fn unlock(time: &mut TestServiceClient<Channel>) -> Result<(), Status> {
    let unlocked = time
        .unlock_time_skipping(UnlockTimeSkippingRequest {})
        .await;
    unlocked.map(|_| ())
}

async fn lock(time: &mut TestServiceClient<Channel>) {
    time.lock_time_skipping(LockTimeSkippingRequest {})
        .await
        .expect("it can always be locked");
}

async fn now(time: &mut TestServiceClient<Channel>) -> i64 {
    let now = time.get_current_time(()).await.expect("it answers");
    now.into_inner().time.unwrap_or_default().seconds
}

//! Activities: retries, timeouts, heartbeats, panics and registration.

use std::sync::atomic::{AtomicU32, Ordering};

use durably::{error::TimeoutKind, prelude::*};
use durably_tests::{World, on_both_servers};

#[activity(start_to_close = "10s")]
async fn flaky(ctx: &ActivityCtx, succeeds_at: u32) -> Result<u32> {
    if ctx.attempt() < succeeds_at {
        bail!("attempt {} fails", ctx.attempt());
    }
    Ok(ctx.attempt())
}

#[activity(start_to_close = "10s")]
async fn refuse(kind: String) -> Result<()> {
    Err(AppError::new(&kind, "will never work")
        .non_retryable()
        .into())
}

#[activity(start_to_close = "1s", max_attempts = 1)]
async fn stall() {
    tokio::time::sleep(secs(30)).await;
}

#[activity(start_to_close = "30s", heartbeat = "5s", max_attempts = 2)]
async fn silent(ctx: &ActivityCtx) -> Option<u32> {
    if ctx.attempt() == 1 {
        ctx.heartbeat(41_u32);
        tokio::time::sleep(secs(20)).await;
    }
    ctx.heartbeat_details::<u32>().ok().flatten()
}

#[activity]
fn blocking(numbers: Vec<u64>) -> u64 {
    numbers.iter().sum()
}

#[activity(start_to_close = "10s", max_attempts = 1)]
async fn panics() -> u32 {
    panic!("the activity's own bug")
}

/// Ends as cancelled, which nobody has requested.
#[activity(start_to_close = "10s", max_attempts = 1)]
async fn quits() -> Result<()> {
    Err(Cancelled.into())
}

/// Shared by the activities of one value.
#[derive(Default)]
struct Counter {
    count: AtomicU32,
}

#[activities]
impl Counter {
    #[activity(name = "Count Up")]
    async fn add(&self, n: u32) -> u32 {
        self.count.fetch_add(n, Ordering::SeqCst) + n
    }

    #[activity(start_to_close = "5s")]
    fn read(&self) -> u32 {
        self.count.load(Ordering::SeqCst)
    }
}

/// Runs the activity it is told to.
#[derive(Default)]
struct Caller;

#[workflow]
impl Caller {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
        let fast = Retry::attempts(5).initial_interval(millis(20));
        Ok(match case.as_str() {
            "flaky" => flaky::call(ctx, 3).retry(fast).await?.to_string(),
            "exhausted" => {
                let error = flaky::call(ctx, 9)
                    .retry(Retry::attempts(2).initial_interval(millis(20)))
                    .await
                    .unwrap_err();
                error
                    .app()
                    .map(|app| app.message.clone())
                    .unwrap_or_default()
            }
            "refused" => {
                let error = refuse::call(ctx, "OutOfStock")
                    .retry(fast)
                    .await
                    .unwrap_err();
                error.app().map(|app| app.kind.clone()).unwrap_or_default()
            }
            "not for" => {
                let error = refuse::call(ctx, "Whatever")
                    .retry(fast.not_for("Whatever"))
                    .await
                    .unwrap_err();
                error.app().map(|app| app.kind.clone()).unwrap_or_default()
            }
            "stalls" => {
                let error = stall::call(ctx).await.unwrap_err();
                assert_eq!(error.timeout(), Some(TimeoutKind::StartToClose));
                "timed out".into()
            }
            "silent" => format!("{:?}", silent::call(ctx).await?),
            "unpolled" => {
                let error = blocking::call(ctx, vec![])
                    .schedule_to_start(millis(300))
                    .schedule_to_close(secs(5))
                    .task_queue("nobody polls this queue")
                    .await
                    .unwrap_err();
                assert_eq!(error.timeout(), Some(TimeoutKind::ScheduleToStart));
                "timed out".into()
            }
            "blocking" => blocking::call(ctx, vec![1, 2, 3])
                .start_to_close(secs(5))
                .await?
                .to_string(),
            "panics" => panics::call(ctx).await.unwrap_err().to_string(),
            "quits" => {
                let error = quits::call(ctx).await.unwrap_err();
                assert!(!error.is_cancelled(), "{error}");
                error.app().map(|app| app.kind.clone()).unwrap_or_default()
            }
            "set" => {
                let counter = Counter::stub(ctx).start_to_close(secs(5));
                counter.add(2).await?;
                counter.add(3).await?;
                counter.read().await?.to_string()
            }
            "untyped" => ctx
                .activity::<u64>("blocking", (vec![4, 5],))
                .start_to_close(secs(5))
                .await?
                .to_string(),
            "missing" => ctx
                .activity::<u64>("nobody wrote this", ())
                .start_to_close(secs(5))
                .retry(Retry::attempts(1))
                .await
                .unwrap_err()
                .to_string(),
            other => bail!("no case {other}"),
        })
    }
}

async fn call(world: &World, case: &str) -> Result<String> {
    let worker = world
        .worker()
        .workflow::<Caller>()
        .activity::<flaky>()
        .activity::<refuse>()
        .activity::<stall>()
        .activity::<silent>()
        .activity::<blocking>()
        .activity::<panics>()
        .activity::<quits>()
        .activities(Counter::default())
        .spawn()
        .await?;
    let result = Caller::start(&world.client, case)
        .task_queue(&world.queue)
        .result()
        .await?;
    worker.shutdown().await?;
    Ok(result)
}

on_both_servers! {
    an_activity_is_retried_under_its_policy
    the_last_failure_comes_back_when_attempts_are_used_up
    a_non_retryable_failure_is_not_retried
    a_start_to_close_timeout_is_matchable
    a_missed_heartbeat_starts_the_next_attempt_with_the_last_details
    a_schedule_to_start_timeout_is_matchable
    a_plain_fn_runs_where_it_may_block
    a_panic_fails_the_attempt
    a_cancellation_that_nobody_requested_fails_the_attempt
    activities_of_a_value_share_it
    an_activity_can_be_called_by_name
    an_activity_that_is_not_registered_names_the_known_ones
}

async fn an_activity_is_retried_under_its_policy(world: &World) -> Result<()> {
    assert_eq!(call(world, "flaky").await?, "3");
    Ok(())
}

async fn the_last_failure_comes_back_when_attempts_are_used_up(world: &World) -> Result<()> {
    assert_eq!(call(world, "exhausted").await?, "attempt 2 fails");
    Ok(())
}

async fn a_non_retryable_failure_is_not_retried(world: &World) -> Result<()> {
    assert_eq!(call(world, "refused").await?, "OutOfStock");
    assert_eq!(call(world, "not for").await?, "Whatever");
    Ok(())
}

async fn a_start_to_close_timeout_is_matchable(world: &World) -> Result<()> {
    assert_eq!(call(world, "stalls").await?, "timed out");
    Ok(())
}

async fn a_missed_heartbeat_starts_the_next_attempt_with_the_last_details(
    world: &World,
) -> Result<()> {
    assert_eq!(call(world, "silent").await?, "Some(41)");
    Ok(())
}

async fn a_schedule_to_start_timeout_is_matchable(world: &World) -> Result<()> {
    assert_eq!(call(world, "unpolled").await?, "timed out");
    Ok(())
}

async fn a_plain_fn_runs_where_it_may_block(world: &World) -> Result<()> {
    assert_eq!(call(world, "blocking").await?, "6");
    Ok(())
}

async fn a_panic_fails_the_attempt(world: &World) -> Result<()> {
    let text = call(world, "panics").await?;
    assert!(text.contains("the activity's own bug"), "{text}");
    Ok(())
}

async fn a_cancellation_that_nobody_requested_fails_the_attempt(world: &World) -> Result<()> {
    assert_eq!(call(world, "quits").await?, "Cancelled");
    Ok(())
}

async fn activities_of_a_value_share_it(world: &World) -> Result<()> {
    assert_eq!(call(world, "set").await?, "5");
    Ok(())
}

async fn an_activity_can_be_called_by_name(world: &World) -> Result<()> {
    assert_eq!(call(world, "untyped").await?, "9");
    Ok(())
}

async fn an_activity_that_is_not_registered_names_the_known_ones(world: &World) -> Result<()> {
    let text = call(world, "missing").await?;
    assert!(
        text.contains("nobody wrote this") && text.contains("Count Up"),
        "{text}"
    );
    Ok(())
}

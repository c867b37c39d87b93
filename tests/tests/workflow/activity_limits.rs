//! Limits of activities: which timeout fires, how the next attempt is timed, and what a cancellation waits for.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use durably::{
    error::{Failure, ResultError, RetryState, TimeoutKind},
    prelude::*,
    workflow::CancellationType,
};
use durably_tests::{World, eventually, on_both_servers};

/// What the activities of a test share with it.
#[derive(Clone, Default)]
struct Desk {
    began: Arc<AtomicBool>,
    released: Arc<AtomicBool>,
}

#[activities]
impl Desk {
    /// Waits for the test, whatever the workflow requests.
    #[activity]
    async fn wait(&self) -> String {
        self.began.store(true, Ordering::SeqCst);
        while !self.released.load(Ordering::SeqCst) {
            tokio::time::sleep(millis(5)).await;
        }
        "released".to_owned()
    }

    /// Sends one heartbeat, and then none.
    #[activity]
    async fn go_silent(&self, ctx: &ActivityCtx) -> String {
        ctx.heartbeat(17_u32);
        self.wait().await
    }

    /// Its retry policy, as it knows it.
    #[activity]
    async fn policy(&self, ctx: &ActivityCtx) -> String {
        format!("{:?}", ctx.info().retry)
    }

    #[activity]
    async fn fail_until(&self, ctx: &ActivityCtx, attempt: u32) -> Result<u32> {
        match ctx.attempt() < attempt {
            true => bail!("attempt {}", ctx.attempt()),
            false => Ok(ctx.attempt()),
        }
    }
}

#[derive(Default)]
struct Clerk {
    go: bool,
}

#[workflow]
impl Clerk {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
        let desk = Desk::stub(ctx).start_to_close(mins(1));
        let limited = Desk::stub(ctx).schedule_to_close(millis(900));
        let timed_out = |error: ActivityError| {
            let heartbeat = error.last_heartbeat::<u32>();
            format!("{:?} {heartbeat:?}", error.timeout())
        };
        Ok(match case.as_str() {
            "schedule to close" => timed_out(limited.wait().await.expect_err("it takes too long")),
            "heartbeat" => {
                let call = desk.go_silent().heartbeat(secs(3));
                let error = call.retry(Retry::never()).await;
                timed_out(error.expect_err("it is silent"))
            }
            "default policy" => desk.policy().await?,
            "policy" => {
                let retry = Retry::attempts(7)
                    .initial_interval(millis(20))
                    .backoff(1.5)
                    .maximum_interval(millis(30))
                    .not_for("Lost");
                desk.policy().retry(retry).await?
            }
            "pauses" => {
                let retry = Retry::attempts(5)
                    .initial_interval(hours(1))
                    .backoff(3.0)
                    .maximum_interval(hours(4));
                let before = ctx.now();
                desk.fail_until(4).retry(retry).await?;
                let passed = ctx.now().duration_since(before)?;
                (passed.as_secs() / 3_600).to_string()
            }
            "fails" => bail!("attempt {}", ctx.attempt()),
            kind => {
                let kind = match kind {
                    "abandon" => CancellationType::Abandon,
                    "try cancel" => CancellationType::TryCancel,
                    _ => CancellationType::WaitCompleted,
                };
                let (scope, inner) = ctx.scope();
                let desk = Desk::stub(&inner).start_to_close(mins(1));
                let held = desk.wait().heartbeat(mins(1)).cancellation(kind).start();
                ctx.wait_until(|| self.go).await?;
                scope.cancel();
                match held.await {
                    Ok(done) => done,
                    Err(error) => format!("{:?}", error.cause),
                }
            }
        })
    }

    #[signal]
    fn go(&mut self) {
        self.go = true;
    }
}

on_both_servers! {
    a_schedule_to_close_timeout_is_matchable
    a_heartbeat_timeout_is_matchable_with_the_last_details
    an_activity_without_a_policy_has_the_servers
    an_activity_has_the_whole_policy
    a_run_without_a_policy_fails_at_once
    an_abandoned_activity_is_not_asked_to_stop
    a_cancellation_that_is_tried_does_not_wait
    a_cancellation_may_wait_for_the_activity
}

async fn result(world: &World, case: &str) -> Result<String> {
    let desk = Desk::default();
    let worker = world.worker().workflow::<Clerk>().activities(desk.clone());
    let worker = worker.spawn().await?;
    let start = Clerk::start(&world.client, case).task_queue(&world.queue);
    let result = start.result().await;
    desk.released.store(true, Ordering::SeqCst);
    worker.shutdown().await?;
    Ok(result?)
}

async fn a_schedule_to_close_timeout_is_matchable(world: &World) -> Result<()> {
    let kind = Some(TimeoutKind::ScheduleToClose);
    let expected = format!("{kind:?} Ok(None)");
    assert_eq!(result(world, "schedule to close").await?, expected);
    Ok(())
}

async fn a_heartbeat_timeout_is_matchable_with_the_last_details(world: &World) -> Result<()> {
    let expected = format!("{:?} Ok(Some(17))", Some(TimeoutKind::Heartbeat));
    assert_eq!(result(world, "heartbeat").await?, expected);
    Ok(())
}

async fn an_activity_without_a_policy_has_the_servers(world: &World) -> Result<()> {
    let policy = Retry::attempts(0)
        .initial_interval(secs(1))
        .backoff(2.0)
        .maximum_interval(secs(100));
    let expected = format!("{:?}", Some(policy));
    assert_eq!(result(world, "default policy").await?, expected);
    Ok(())
}

async fn an_activity_has_the_whole_policy(world: &World) -> Result<()> {
    let policy = Retry::attempts(7)
        .initial_interval(millis(20))
        .backoff(1.5)
        .maximum_interval(millis(30))
        .not_for("Lost");
    let expected = format!("{:?}", Some(policy));
    assert_eq!(result(world, "policy").await?, expected);
    Ok(())
}

async fn a_run_without_a_policy_fails_at_once(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Clerk>();
    let worker = worker.activities(Desk::default()).spawn().await?;
    let start = Clerk::start(&world.client, "fails").task_queue(&world.queue);
    let error = start.await?.result().await.unwrap_err();
    let ResultError::Failed(failed) = &error else {
        panic!("its code returned an error: {error:?}");
    };
    assert_eq!(failed.retry_state, RetryState::RetryPolicyNotSet);
    let Failure::App(app) = &failed.cause else {
        panic!("its own error is the cause: {failed:?}");
    };
    assert_eq!(app.message, "attempt 1");
    worker.shutdown().await
}

/// Cancels an activity that ignores it; returns what its caller got, and what the history has of the activity.
async fn cancelled(world: &World, kind: &str) -> Result<(String, Vec<String>)> {
    let desk = Desk::default();
    let worker = world.worker().workflow::<Clerk>().activities(desk.clone());
    let worker = worker.spawn().await?;
    let start = Clerk::start(&world.client, kind).task_queue(&world.queue);
    let clerk = start.await?;
    eventually("the activity", || async {
        desk.began.load(Ordering::SeqCst).then_some(())
    })
    .await;
    clerk.go().await?;
    if kind == "wait" {
        // Only then the activity ends, and the wait for it.
        eventually("the request", || async {
            let history = clerk.history().await.ok()?.to_string();
            history
                .contains("ActivityTaskCancelRequested")
                .then_some(())
        })
        .await;
        desk.released.store(true, Ordering::SeqCst);
    }
    let result = clerk.result().await?;
    let history = clerk.history().await?;
    let names = history.events().iter().map(|event| event.name().to_owned());
    let names = names.filter(|name| name.starts_with("ActivityTask"));
    let names = names.collect();
    desk.released.store(true, Ordering::SeqCst);
    worker.shutdown().await?;
    Ok((result, names))
}

async fn an_abandoned_activity_is_not_asked_to_stop(world: &World) -> Result<()> {
    let (result, names) = cancelled(world, "abandon").await?;
    assert_eq!(result, "Cancelled");
    assert_eq!(names, ["ActivityTaskScheduled"]);
    Ok(())
}

async fn a_cancellation_that_is_tried_does_not_wait(world: &World) -> Result<()> {
    let (result, names) = cancelled(world, "try cancel").await?;
    assert_eq!(result, "Cancelled");
    let expected = ["ActivityTaskScheduled", "ActivityTaskCancelRequested"];
    assert_eq!(names, expected);
    Ok(())
}

async fn a_cancellation_may_wait_for_the_activity(world: &World) -> Result<()> {
    let (result, names) = cancelled(world, "wait").await?;
    // It has not stopped, so its result counts.
    assert_eq!(result, "released");
    assert_eq!(
        names,
        [
            "ActivityTaskScheduled",
            "ActivityTaskCancelRequested",
            "ActivityTaskStarted",
            "ActivityTaskCompleted"
        ]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn pauses_grow_by_the_factor_up_to_the_longest() -> Result<()> {
    let world = World::skipping().await?;
    // One hour, three, and four instead of nine.
    assert_eq!(result(&world, "pauses").await?, "8");
    Ok(())
}

//! Errors with `#[derive(durably::Failure)]` from local activities, children and runs that are retried.

use durably::{
    error::{ResultError, RetryState},
    prelude::*,
    worker::WorkerGuard,
};
use durably_tests::{World, on_both_servers};

#[derive(Debug, PartialEq, thiserror::Error, durably::Failure)]
enum PayError {
    #[error("card declined: {reason}")]
    #[failure(non_retryable)]
    Declined { reason: String },
    #[error("gateway busy")]
    #[failure(next_retry_delay = "50ms")]
    Busy,
    #[error("limit of {0}")]
    Limit(u32),
}

fn declined() -> PayError {
    PayError::Declined {
        reason: "stolen".to_owned(),
    }
}

fn pay(case: &str, attempt: u32) -> Result<u32, PayError> {
    match case {
        "declined" => Err(declined()),
        "busy" if attempt == 1 => Err(PayError::Busy),
        "limit" => Err(PayError::Limit(7)),
        _ => Ok(attempt),
    }
}

#[activity(start_to_close = "10s")]
async fn charge(ctx: &ActivityCtx, case: String) -> Result<u32, PayError> {
    pay(&case, ctx.attempt())
}

/// Pays as a workflow of its own.
#[derive(Default)]
struct Payment;

#[workflow]
impl Payment {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<u32, PayError> {
        pay(&case, ctx.attempt())
    }
}

#[derive(Default)]
struct Order;

#[workflow]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, by: String, case: String) -> Result<String> {
        // The error's own pause is shorter.
        let retry = Retry::attempts(3).initial_interval(hours(1));
        let (paid, state) = match by.as_str() {
            "local activity" => match charge::call(ctx, &case).local().retry(retry).await {
                Ok(attempt) => return Ok(format!("paid by attempt {attempt}")),
                Err(error) => (error.failed::<PayError>(), error.retry_state()),
            },
            "child" => match Payment::child(ctx, &case).retry(retry).await {
                Ok(attempt) => return Ok(format!("paid by attempt {attempt}")),
                Err(error) => (error.failed::<PayError>(), error.retry_state()),
            },
            "child without retries" => match Payment::child(ctx, &case).await {
                Ok(attempt) => return Ok(format!("paid by attempt {attempt}")),
                Err(error) => (error.failed::<PayError>(), error.retry_state()),
            },
            other => bail!("nobody pays by {other}"),
        };
        Ok(match paid {
            Some(PayError::Declined { reason }) => format!("declined: {reason}, {state:?}"),
            Some(PayError::Busy) => format!("busy, {state:?}"),
            Some(PayError::Limit(limit)) => format!("limit {limit}, {state:?}"),
            None => "unknown".to_owned(),
        })
    }
}

on_both_servers! {
    the_error_of_a_local_activity_keeps_its_type
    the_error_of_a_child_keeps_its_type
    the_pause_of_an_error_comes_before_the_next_attempt
    an_error_that_is_not_retried_ends_a_run_with_attempts_left
}

async fn worker(world: &World) -> Result<WorkerGuard> {
    let worker = world.worker().workflow::<Order>().workflow::<Payment>();
    worker.activity::<charge>().spawn().await
}

async fn paid(world: &World, by: &str, case: &str) -> Result<String> {
    let worker = worker(world).await?;
    let start = Order::start(&world.client, by, case).task_queue(&world.queue);
    let paid = start.await?.result().timeout(mins(3)).await;
    worker.shutdown().await?;
    Ok(paid?)
}

async fn the_error_of_a_local_activity_keeps_its_type(world: &World) -> Result<()> {
    let declined = paid(world, "local activity", "declined").await?;
    assert_eq!(declined, "declined: stolen, NonRetryableFailure");
    Ok(())
}

async fn the_error_of_a_child_keeps_its_type(world: &World) -> Result<()> {
    let declined = paid(world, "child", "declined").await?;
    assert_eq!(declined, "declined: stolen, NonRetryableFailure");
    let limit = paid(world, "child without retries", "limit").await?;
    assert_eq!(limit, "limit 7, RetryPolicyNotSet");
    Ok(())
}

async fn the_pause_of_an_error_comes_before_the_next_attempt(world: &World) -> Result<()> {
    for by in ["local activity", "child"] {
        assert_eq!(paid(world, by, "busy").await?, "paid by attempt 2", "{by}");
    }
    let worker = worker(world).await?;
    let payment = Payment::start(&world.client, "busy")
        .task_queue(&world.queue)
        .retry(Retry::attempts(3).initial_interval(hours(1)))
        .await?;
    assert_eq!(payment.result().timeout(mins(3)).await?, 2);
    worker.shutdown().await
}

async fn an_error_that_is_not_retried_ends_a_run_with_attempts_left(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let payment = Payment::start(&world.client, "declined")
        .task_queue(&world.queue)
        .retry(Retry::attempts(3).initial_interval(millis(10)))
        .await?;
    let error = payment.result().await.unwrap_err();
    assert_eq!(error.failed(), Some(declined()));
    let ResultError::Failed(failed) = &error else {
        panic!("its code returned an error: {error:?}");
    };
    assert_eq!(failed.retry_state, RetryState::NonRetryableFailure);
    assert_eq!(Some(&*failed.run_id), payment.run_id());
    worker.shutdown().await
}

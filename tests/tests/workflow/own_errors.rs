//! A run, a handler or an activity keeps the meaning of a cancellation and of a continue-as-new
//! inside error types of the user's.

use std::error::Error as StdError;

use durably::{
    ContinueAsNew, error::ResultError, prelude::*, worker::WorkerGuard, workflow::CancellationType,
};
use durably_tests::{World, eventually, on_both_servers};

type Boxed = Box<dyn StdError + Send + Sync>;

#[derive(Debug, thiserror::Error)]
enum TripError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(transparent)]
    Activity(#[from] ActivityError),
    #[error(transparent)]
    Boxed(#[from] Boxed),
    #[error("no way to travel")]
    Travel(#[from] TravelError),
    #[error("the journey goes on")]
    ContinueAsNew(#[from] ContinueAsNew),
    #[error("nobody sees what this holds")]
    Hidden(ContinueAsNew),
}

/// What a helper returns.
#[derive(Debug, thiserror::Error)]
#[error("the train stopped")]
struct TravelError(#[source] anyhow::Error);

#[derive(Debug, thiserror::Error)]
enum DriverError {
    #[error("told to stop: {0}")]
    Stopped(#[from] Cancelled),
}

/// Drives until it is stopped.
#[activity(start_to_close = "60s", heartbeat = "5s", max_attempts = 1)]
async fn drive(ctx: &ActivityCtx) -> Result<(), DriverError> {
    loop {
        ctx.heartbeat(());
        if ctx.is_cancelled() {
            return Err(Cancelled.into());
        }
        tokio::time::sleep(millis(50)).await;
    }
}

#[derive(Default)]
struct Trip {
    travelling: bool,
    waited: u32,
}

#[workflow]
impl Trip {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String, TripError> {
        self.travelling = true;
        match case.as_str() {
            "sleeps" => ctx.sleep(hours(1)).await?,
            "helper" => self.by_train(ctx).await?,
            "boxed" => self.by_boat(ctx).await?,
            "activity" => drive::call(ctx).await?,
            "activity reports" => {
                let (scope, inner) = ctx.scope();
                let driving = drive::call(&inner)
                    .cancellation(CancellationType::WaitCompleted)
                    .start();
                ctx.sleep(millis(500)).await?;
                scope.cancel();
                let error = driving.await.unwrap_err();
                return Ok(format!("{}: {error}", error.is_cancelled()));
            }
            "handlers" => {
                let _ = ctx.sleep(hours(1)).await;
                ctx.shield().wait_until(|| ctx.handlers_finished()).await?;
                return Ok(format!("{} waited", self.waited));
            }
            "scope" => {
                let (scope, inner) = ctx.scope();
                scope.cancel();
                inner.sleep(hours(1)).await?;
            }
            "continues" => return Self::continue_as_new("arrives").into(),
            "hides" => return Err(TripError::Hidden(Self::continue_as_new("arrives"))),
            _ => {}
        }
        Ok("arrived".into())
    }

    async fn by_train(&self, ctx: &Ctx) -> Result<(), TravelError> {
        let slept = ctx.sleep(hours(1)).await;
        slept.map_err(|error| TravelError(anyhow::Error::from(error).context("at a signal")))
    }

    async fn by_boat(&self, ctx: &Ctx) -> Result<(), Boxed> {
        Ok(ctx.sleep(hours(1)).await?)
    }

    #[query]
    fn travelling(&self) -> bool {
        self.travelling
    }

    #[query]
    fn waited(&self) -> u32 {
        self.waited
    }

    #[signal]
    async fn wait(&mut self, ctx: &Ctx) -> Result<(), TripError> {
        self.waited += 1;
        Ok(ctx.sleep(hours(2)).await?)
    }

    #[update]
    async fn wait_for(&mut self, ctx: &Ctx, what: String) -> Result<String, TripError> {
        self.waited += 1;
        ctx.sleep(hours(2)).await?;
        Ok(what)
    }

    #[signal]
    fn restart(&mut self) -> Result<(), TripError> {
        Self::continue_as_new("arrives").into()
    }

    #[update]
    async fn begin_again(&mut self, ctx: &Ctx) -> Result<(), TripError> {
        ctx.sleep(millis(5)).await?;
        Err(Self::continue_as_new("arrives").into())
    }
}

async fn start(world: &World, case: &str) -> Result<(Handle<Trip>, WorkerGuard)> {
    let worker = world
        .worker()
        .workflow::<Trip>()
        .activity::<drive>()
        .spawn()
        .await?;
    let trip = Trip::start(&world.client, case)
        .task_queue(&world.queue)
        .await?;
    Ok((trip, worker))
}

/// The result of a trip that is cancelled on the way.
async fn cancelled(world: &World, case: &str) -> Result<Result<String, ResultError>> {
    let (trip, worker) = start(world, case).await?;
    eventually("the trip to begin", || async {
        trip.travelling().await.ok().filter(|on| *on)
    })
    .await;
    trip.cancel().await?;
    let result = trip.result().await;
    worker.shutdown().await?;
    Ok(result)
}

/// What the newest failed workflow task says.
async fn task_failure(trip: &Handle<Trip>) -> String {
    eventually("a failed workflow task", || async {
        let history = trip.history().await.ok()?.to_string();
        history.contains("WorkflowTaskFailed").then_some(history)
    })
    .await
}

on_both_servers! {
    an_error_with_from_cancelled_closes_the_run_as_canceled
    a_cancellation_that_a_helper_wraps_closes_the_run_as_canceled
    a_wrapped_error_of_a_cancelled_activity_closes_the_run_as_canceled
    a_cancelled_scope_without_a_request_fails_the_run_under_the_users_type
    an_error_with_from_continue_as_new_continues_the_run
    an_error_that_hides_a_continue_as_new_fails_the_task
    an_activity_whose_own_error_wraps_cancelled_is_reported_as_canceled
    handlers_that_stop_with_an_error_of_their_own_leave_the_end_to_the_run
    a_continue_as_new_of_a_handler_fails_the_task_with_what_to_do
}

async fn an_error_with_from_cancelled_closes_the_run_as_canceled(world: &World) -> Result<()> {
    let result = cancelled(world, "sleeps").await?;
    assert!(
        matches!(result, Err(ResultError::Cancelled(_))),
        "{result:?}"
    );
    Ok(())
}

async fn a_cancellation_that_a_helper_wraps_closes_the_run_as_canceled(
    world: &World,
) -> Result<()> {
    for case in ["helper", "boxed"] {
        let result = cancelled(world, case).await?;
        assert!(
            matches!(result, Err(ResultError::Cancelled(_))),
            "{case}: {result:?}"
        );
    }
    Ok(())
}

async fn a_wrapped_error_of_a_cancelled_activity_closes_the_run_as_canceled(
    world: &World,
) -> Result<()> {
    let result = cancelled(world, "activity").await?;
    assert!(
        matches!(result, Err(ResultError::Cancelled(_))),
        "{result:?}"
    );
    Ok(())
}

async fn a_cancelled_scope_without_a_request_fails_the_run_under_the_users_type(
    world: &World,
) -> Result<()> {
    let (trip, worker) = start(world, "scope").await?;
    let error = trip.result().await.unwrap_err();
    let app = error.app().expect("the run returned an error of its own");
    assert_eq!((&*app.kind, &*app.message), ("TripError", "cancelled"));
    worker.shutdown().await
}

async fn an_error_with_from_continue_as_new_continues_the_run(world: &World) -> Result<()> {
    let (trip, worker) = start(world, "continues").await?;
    assert_eq!(trip.result().await?, "arrived");
    let first = Trip::handle(&world.client, trip.id());
    let history = first.history().await?.to_string();
    assert!(history.contains("WorkflowExecutionCompleted"), "{history}");
    let history = trip.history().await?.to_string();
    assert!(
        history.contains("WorkflowExecutionContinuedAsNew"),
        "{history}"
    );
    worker.shutdown().await
}

async fn an_error_that_hides_a_continue_as_new_fails_the_task(world: &World) -> Result<()> {
    let (trip, worker) = start(world, "hides").await?;
    let text = task_failure(&trip).await;
    assert!(
        text.contains("returned a `TripError` that holds a continue-as-new, but its `source()`"),
        "{text}"
    );
    trip.terminate("seen").await?;
    worker.shutdown().await
}

async fn an_activity_whose_own_error_wraps_cancelled_is_reported_as_canceled(
    world: &World,
) -> Result<()> {
    let (trip, worker) = start(world, "activity reports").await?;
    assert_eq!(trip.result().await?, "true: activity `drive` was cancelled");
    let history = trip.history().await?.to_string();
    assert!(history.contains("ActivityTaskCanceled"), "{history}");
    worker.shutdown().await
}

async fn handlers_that_stop_with_an_error_of_their_own_leave_the_end_to_the_run(
    world: &World,
) -> Result<()> {
    let (trip, worker) = start(world, "handlers").await?;
    trip.wait().await?;
    let update = trip.wait_for("the bus").accepted().await?;
    eventually("both handlers to wait", || async {
        trip.waited().await.ok().filter(|waited| *waited == 2)
    })
    .await;
    trip.cancel().await?;
    assert_eq!(trip.result().await?, "2 waited");
    let error = update.result().await.unwrap_err();
    assert!(error.is_cancelled(), "{error:?}");
    worker.shutdown().await
}

async fn a_continue_as_new_of_a_handler_fails_the_task_with_what_to_do(
    world: &World,
) -> Result<()> {
    for (case, who) in [
        ("signal", "signal handler `restart`"),
        ("update", "update handler `begin_again`"),
    ] {
        let (trip, worker) = start(world, "sleeps").await?;
        match case {
            "signal" => trip.restart().await?,
            _ => drop(trip.begin_again().accepted().await?),
        }
        let text = task_failure(&trip).await;
        let said = format!("{who} returned a continue-as-new; only `run` can return it");
        assert!(text.contains(&said), "{text}");
        trip.terminate("seen").await?;
        worker.shutdown().await?;
    }
    Ok(())
}

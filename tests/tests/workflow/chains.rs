//! What `app()`, `apps()`, `activity()` and `chain()` find of a failure that crosses activities,
//! workflows, updates and queries.

use std::num::ParseIntError;

use durably::{
    ActivityError,
    error::{Failure, QueryError, ResultError, RunError, UpdateError, UpdateWithStartError},
    prelude::*,
    worker::WorkerGuard,
};
use durably_tests::{World, on_both_servers, unique};

#[derive(Debug, thiserror::Error)]
#[error("no stock")]
struct StockError(#[from] ParseIntError);

#[derive(Debug, thiserror::Error)]
#[error("no order")]
struct OrderError(#[from] ActivityError);

#[activity(start_to_close = "10s", max_attempts = 1)]
async fn reserve(item: String) -> Result<u32, StockError> {
    Ok(item.parse()?)
}

#[activity(start_to_close = "10s")]
async fn report(size: usize) -> Result<(), AppError> {
    Err(AppError::new("TooLong", "x".repeat(size)))
}

#[derive(Default)]
struct Order;

#[workflow]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<Vec<String>> {
        match case.as_str() {
            "own error" => self.reserve(ctx).await?,
            "passed on" => drop(reserve::call(ctx, "ring").await?),
            "of the activity" => {
                let error = reserve::call(ctx, "ring").await.unwrap_err();
                let first = error.app().map(|app| app.kind.clone());
                assert_eq!(first.as_deref(), Some("StockError"));
                assert!(
                    error
                        .chain()
                        .next()
                        .is_some_and(|it| it.is::<ActivityError>())
                );
                return Ok(kinds(error.apps()));
            }
            "too large" => report::call(ctx, 3_000_000).await?,
            "waits" => ctx.sleep(hours(1)).await?,
            other => bail!("no case {other}"),
        }
        Ok(vec![])
    }

    async fn reserve(&self, ctx: &Ctx) -> Result<(), OrderError> {
        reserve::call(ctx, "ring").await?;
        Ok(())
    }

    #[update]
    async fn change(&mut self, ctx: &Ctx) -> Result<(), OrderError> {
        self.reserve(ctx).await
    }

    #[query]
    fn number(&self) -> Result<u32, StockError> {
        Ok("ring".parse()?)
    }
}

fn kinds<'a>(apps: impl Iterator<Item = &'a AppError>) -> Vec<String> {
    apps.map(|app| app.kind.clone()).collect()
}

/// The links behind the error itself, in short.
fn links<'a>(chain: impl Iterator<Item = &'a (dyn std::error::Error + 'static)>) -> Vec<String> {
    chain
        .filter_map(|link| link.downcast_ref::<Failure>())
        .map(|failure| match failure {
            Failure::App(app) => app.kind.clone(),
            Failure::Activity(activity) => format!("activity {}", activity.activity),
            other => format!("{other:?}"),
        })
        .collect()
}

async fn worker(world: &World) -> Result<WorkerGuard> {
    let worker = world.worker().workflow::<Order>();
    worker
        .activity::<reserve>()
        .activity::<report>()
        .spawn()
        .await
}

async fn result(world: &World, case: &str) -> Result<Result<Vec<String>, ResultError>> {
    let worker = worker(world).await?;
    let order = Order::start(&world.client, case)
        .task_queue(&world.queue)
        .await?;
    let result = order.result().await;
    worker.shutdown().await?;
    Ok(result)
}

on_both_servers! {
    app_of_a_result_is_what_run_returned
    app_of_an_error_that_was_passed_on_is_what_the_activity_returned
    app_of_an_activitys_error_is_what_the_activity_returned
    app_of_an_update_is_what_its_handler_returned
    app_of_a_query_is_what_it_returned
    a_failure_that_the_server_cut_is_a_link_of_the_chain
}

async fn app_of_a_result_is_what_run_returned(world: &World) -> Result<()> {
    let error = result(world, "own error").await?.unwrap_err();
    let all = ["OrderError", "StockError", "Error"];
    assert_eq!(error.app().map(|app| &*app.kind), Some("OrderError"));
    assert_eq!(kinds(error.apps()), all);
    assert_eq!(
        links(error.chain()),
        ["OrderError", "activity reserve", "StockError", "Error"]
    );
    assert_eq!(
        error.chain().last().map(ToString::to_string).as_deref(),
        Some("invalid digit found in string")
    );
    let activity = error.activity().expect("an activity is in the chain");
    assert_eq!(kinds(activity.apps()), ["StockError", "Error"]);
    let failure = error.failure().expect("the workflow failed");
    assert_eq!(kinds(failure.apps()), all);
    let ResultError::Failed(failed) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(failed.app().map(|app| &*app.kind), Some("OrderError"));
    assert_eq!(kinds(failed.apps()), all);
    assert_eq!(kinds(Error::from(error).apps()), all);

    let worker = worker(world).await?;
    let error: RunError = Order::start(&world.client, "own error")
        .task_queue(&world.queue)
        .result()
        .await
        .unwrap_err();
    assert_eq!(error.app().map(|app| &*app.kind), Some("OrderError"));
    assert_eq!(kinds(error.apps()), all);
    worker.shutdown().await
}

async fn app_of_an_error_that_was_passed_on_is_what_the_activity_returned(
    world: &World,
) -> Result<()> {
    let error = result(world, "passed on").await?.unwrap_err();
    assert_eq!(error.app().map(|app| &*app.kind), Some("StockError"));
    assert_eq!(
        links(error.chain()),
        ["activity reserve", "StockError", "Error"]
    );
    Ok(())
}

async fn app_of_an_activitys_error_is_what_the_activity_returned(world: &World) -> Result<()> {
    let kinds = result(world, "of the activity").await??;
    assert_eq!(kinds, ["StockError", "Error"]);
    Ok(())
}

async fn app_of_an_update_is_what_its_handler_returned(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let start = || {
        Order::start(&world.client, "waits")
            .id(unique("order"))
            .task_queue(&world.queue)
    };
    let order = start().await?;
    let all = ["OrderError", "StockError", "Error"];
    let error: UpdateError = order.change().await.unwrap_err();
    assert_eq!(error.app().map(|app| &*app.kind), Some("OrderError"));
    assert_eq!(kinds(error.apps()), all);
    let UpdateError::Failed(failed) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(kinds(failed.apps()), all);
    order.terminate("seen").await?;

    let (order, change) = start().with_update(|order| order.change()).await?;
    let error = UpdateWithStartError::from(change.result().await.unwrap_err());
    assert_eq!(error.app().map(|app| &*app.kind), Some("OrderError"));
    assert_eq!(kinds(error.apps()), all);
    order.terminate("seen").await?;
    worker.shutdown().await
}

async fn app_of_a_query_is_what_it_returned(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let order = Order::start(&world.client, "waits")
        .task_queue(&world.queue)
        .await?;
    let error: QueryError = order.number().await.unwrap_err();
    assert_eq!(error.app().map(|app| &*app.kind), Some("StockError"));
    assert_eq!(kinds(error.apps()), ["StockError", "Error"]);
    let QueryError::Failed(failed) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(failed.app().map(|app| &*app.kind), Some("StockError"));
    order.terminate("seen").await?;
    worker.shutdown().await
}

async fn a_failure_that_the_server_cut_is_a_link_of_the_chain(world: &World) -> Result<()> {
    let error = result(world, "too large").await?.unwrap_err();
    let activity = error.activity().expect("the activity failed");
    let Failure::Server(server) = &activity.cause else {
        panic!("{activity:?}");
    };
    assert_eq!(server.message, "Failure exceeds size limit.");
    let app = error
        .app()
        .expect("what the activity returned is the cause");
    assert_eq!(app.kind, "TooLong");
    assert!(app.message.starts_with("xxx") && app.message.len() < 3_000_000);
    Ok(())
}

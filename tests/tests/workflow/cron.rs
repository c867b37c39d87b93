//! The last result and the last failure of a chain, in its next run.

use durably::prelude::*;
use durably_proto::api::history::v1::{HistoryEvent, history_event::Attributes};
use durably_tests::{World, eventually, history, on_both_servers};

/// Counts its nights, and fails at the second.
#[derive(Default)]
struct Nightly;

#[workflow]
impl Nightly {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        let before = ctx.last_completion::<u32>()?;
        let failure = ctx.last_failure();
        let failed = failure
            .as_ref()
            .and_then(|it| it.app())
            .map(|it| it.kind.as_str());
        match (before, failed) {
            (None, None) => Ok(1),
            (Some(1), None) => Err(AppError::new("Rain", "no stars").details(7).into()),
            // The last result stays, and the failure comes beside it.
            (Some(1), Some("Rain")) => Ok(3),
            (Some(3), None) => Ok(4),
            other => Err(AppError::new("Unexpected", format!("{other:?}")).into()),
        }
    }
}

/// Succeeds at its second attempt, with the failure of the first.
#[derive(Default)]
struct Retried;

#[workflow]
impl Retried {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        match ctx.last_failure() {
            None => Err(AppError::new("Rain", "no stars").into()),
            Some(failure) => {
                let last = ctx.last_completion::<u32>()?;
                Ok(format!("{last:?} {failure}"))
            }
        }
    }
}

/// Gives a value of another type at its first run.
#[derive(Default)]
struct Changed;

#[workflow]
impl Changed {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        match ctx.last_completion::<u32>() {
            Ok(None) => Ok("a text".to_owned()),
            Ok(Some(number)) => Ok(number.to_string()),
            Err(error) => Ok(error.to_string()),
        }
    }
}

on_both_servers! {
    the_next_night_knows_the_last_result_and_the_last_failure
    the_next_attempt_knows_the_failure_of_the_one_before
    a_last_result_of_another_type_is_an_error_that_names_both
}

/// How a run ended, and the run that follows it.
enum Ended {
    With(String, String),
    Failed(String, String),
}

/// The last event of a run that has ended.
async fn ended(world: &World, id: &str, run_id: &str) -> Ended {
    let last = eventually("the end of the run", || async {
        let mut events = history::events(&world.address(), id, run_id).await;
        let last: HistoryEvent = events.pop()?;
        match last.attributes? {
            Attributes::WorkflowExecutionCompletedEventAttributes(it) => {
                let result = it.result?.payloads.pop()?.data;
                let text = String::from_utf8(result).ok()?;
                Some(Ended::With(text, it.new_execution_run_id))
            }
            Attributes::WorkflowExecutionFailedEventAttributes(it) => {
                Some(Ended::Failed(it.failure?.message, it.new_execution_run_id))
            }
            _ => None,
        }
    });
    last.await
}

async fn the_next_night_knows_the_last_result_and_the_last_failure(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Nightly>().spawn().await?;
    let start = Nightly::start(&world.client).task_queue(&world.queue);
    let nightly = start.cron("@every 1s").await?;
    let mut run_id = nightly.run_id().unwrap_or_default().to_owned();
    let mut nights = Vec::new();
    for _ in 0..4 {
        let (night, next) = match ended(world, nightly.id(), &run_id).await {
            Ended::With(result, next) => (result, next),
            Ended::Failed(message, next) => (message, next),
        };
        nights.push(night);
        run_id = next;
    }
    assert_eq!(nights, ["1", "no stars", "3", "4"]);
    nightly.terminate("seen").await?;
    worker.shutdown().await
}

async fn the_next_attempt_knows_the_failure_of_the_one_before(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Retried>().spawn().await?;
    let start = Retried::start(&world.client).task_queue(&world.queue);
    let retry = Retry::attempts(2).initial_interval(millis(10));
    assert_eq!(start.retry(retry).result().await?, "None Rain: no stars");
    worker.shutdown().await
}

async fn a_last_result_of_another_type_is_an_error_that_names_both(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Changed>().spawn().await?;
    let start = Changed::start(&world.client).task_queue(&world.queue);
    let changed = start.cron("@every 1s").await?;
    let first = changed.run_id().unwrap_or_default().to_owned();
    let Ended::With(result, second) = ended(world, changed.id(), &first).await else {
        panic!("the first run gives a text");
    };
    assert_eq!(result, "\"a text\"");
    let Ended::With(result, _) = ended(world, changed.id(), &second).await else {
        panic!("the second run gives the error");
    };
    assert!(
        result.contains("`Changed`") && result.contains("`u32`"),
        "{result}"
    );
    changed.terminate("seen").await?;
    worker.shutdown().await
}

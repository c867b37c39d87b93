//! Errors that keep their type, as failures in histories: of activities, local activities, children, updates, runs.

use durably::prelude::*;
use durably_tests::{recording::Recording, same_on_both_servers};

#[derive(Debug, PartialEq, thiserror::Error, durably::Failure)]
enum PayError {
    #[error("card declined: {reason}")]
    #[failure(non_retryable)]
    Declined { reason: String },
    #[error("gateway busy")]
    #[failure(next_retry_delay = "20ms")]
    Busy,
    #[error(transparent)]
    Gateway(#[from] GatewayError),
}

#[derive(Debug, PartialEq, thiserror::Error, durably::Failure)]
#[error("no answer from {0} in {1} s")]
#[failure(non_retryable)]
struct GatewayError(String, f64);

#[derive(Debug, thiserror::Error, durably::Failure)]
enum OrderError {
    #[error("order {order} is not paid")]
    Payment { order: u32, source: ActivityError },
    #[error("a part of it failed")]
    Part(#[from] durably::error::ChildError),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(transparent)]
    Next(#[from] durably::ContinueAsNew),
}

/// An error without the derive.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the stock is {0:?}")]
enum StockError {
    Unknown(Option<u32>),
}

fn pay(case: &str, attempt: u32) -> Result<u32, PayError> {
    match case {
        "busy" if attempt == 1 => Err(PayError::Busy),
        "gateway" => Err(GatewayError("bank".to_owned(), 1.5).into()),
        "declined" => Err(PayError::Declined {
            reason: "stolen".to_owned(),
        }),
        _ => Ok(attempt),
    }
}

#[activity(start_to_close = "10s")]
async fn charge(ctx: &ActivityCtx, case: String) -> Result<u32, PayError> {
    pay(&case, ctx.attempt())
}

#[activity(start_to_close = "10s", max_attempts = 1)]
async fn count() -> Result<u32, StockError> {
    Err(StockError::Unknown(None))
}

#[derive(Default)]
struct Payment;

#[workflow]
impl Payment {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<u32, PayError> {
        // The task of its parent that follows its start is completed by then.
        ctx.sleep(millis(300)).await.ok();
        pay(&case, ctx.attempt())
    }
}

#[derive(Default)]
struct Order {
    closed: bool,
}

#[workflow]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, by: String, case: String) -> Result<String, OrderError> {
        let retry = Retry::attempts(3).initial_interval(hours(1));
        let failed = |source| OrderError::Payment { order: 7, source };
        match by.as_str() {
            "activity" => {
                let attempt = charge::call(ctx, case).retry(retry).await.map_err(failed)?;
                Ok(attempt.to_string())
            }
            "local activity" => {
                let attempt = charge::call(ctx, case)
                    .local()
                    .retry(retry)
                    .await
                    .map_err(failed)?;
                Ok(attempt.to_string())
            }
            "child" => {
                let id = format!("{}-payment", ctx.workflow_id());
                Ok(Payment::child(ctx, case)
                    .id(id)
                    .retry(retry)
                    .await?
                    .to_string())
            }
            "no derive" => Ok(count::call(ctx).await.map_err(failed)?.to_string()),
            "waits" => {
                ctx.wait_until(|| self.closed).await?;
                Ok("closed".to_owned())
            }
            _ => Err(Self::continue_as_new("waits", case).into()),
        }
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }

    #[query]
    fn balance(&self) -> Result<u32, PayError> {
        pay("declined", 1)
    }

    #[update(validator = check)]
    async fn pay(&mut self, cents: u64) -> Result<u32, PayError> {
        match cents {
            1 => pay("busy", 1),
            _ => pay("gateway", 1),
        }
    }

    fn check(&self, cents: &u64) -> Result<(), PayError> {
        match cents {
            0 => pay("declined", 1).map(drop),
            _ => Ok(()),
        }
    }
}

fn worker(cx: &Recording) -> Worker {
    let worker = cx.world.worker().workflow::<Order>().workflow::<Payment>();
    worker.activity::<charge>().activity::<count>()
}

async fn order(cx: &mut Recording, by: &str, case: &str) -> Result<Handle<Order>> {
    let id = cx.name("order");
    let start = Order::start(cx.client(), by, case).id(id);
    let order = start.task_queue(cx.queue()).await?;
    cx.follow(&format!("{by}, {case}"), &order.untyped());
    Ok(order)
}

same_on_both_servers! {
    errors_of_calls_keep_their_type
    errors_of_messages_keep_their_type
    errors_that_wrap_an_end_keep_its_meaning
}

async fn errors_of_calls_keep_their_type(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    for by in ["activity", "local activity", "child"] {
        for case in ["declined", "busy", "gateway"] {
            let order = order(cx, by, case).await?;
            let ended = order.result().await;
            let text = ended.unwrap_or_else(|error| Error::from(error).to_string());
            cx.note(&format!("{by}, {case}: its end"), text);
        }
    }
    let order = order(cx, "no derive", "").await?;
    let error = order.result().await.expect_err("it fails");
    cx.note("without the derive", error);
    worker.shutdown().await
}

async fn errors_of_messages_keep_their_type(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let order = order(cx, "waits", "").await?;
    cx.idle(order.id()).await;
    for cents in [0, 1, 2] {
        let error = order.pay(cents).await.expect_err("it fails");
        cx.note(
            &format!("{cents} cents"),
            format!("{error} {:?}", error.failed::<PayError>()),
        );
    }
    let error = order.balance().await.expect_err("it fails");
    cx.note("the query", format!("{:?}", error.failed::<PayError>()));
    order.close().await?;
    order.result().await?;
    worker.shutdown().await
}

async fn errors_that_wrap_an_end_keep_its_meaning(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let order = order(cx, "continues", "").await?;
    cx.until(order.id(), "the next run", |it| {
        let info = it.workflow_execution_info.as_ref();
        info.is_some_and(|it| it.first_run_id != it.execution.clone().unwrap_or_default().run_id)
    })
    .await;
    cx.recorded(order.id(), "WorkflowTaskCompleted", 1).await;
    cx.client().handle(order.id()).cancel().await?;
    let error = order.result().await.expect_err("it is cancelled");
    cx.note("the end", error);
    worker.shutdown().await
}

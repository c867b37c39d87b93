//! Errors with `#[derive(durably::Failure)]`: what was returned is what is read, by callers in workflows,
//! by clients and by other SDKs.

use durably::{
    error::{DataError, QueryError, ResultError, RetryState, UpdateError},
    prelude::*,
    search::{Keyword, SearchKey},
    worker::WorkerGuard,
};
use durably_tests::{
    World, message_pack::MessagePack, on_both_servers, raw::add_search_attributes,
};

use crate::interop::payloads::run_python;

#[derive(Debug, PartialEq, thiserror::Error, durably::Failure)]
enum PayError {
    #[error("card declined: {reason}")]
    #[failure(non_retryable)]
    Declined { reason: String },
    #[error("gateway busy")]
    #[failure(next_retry_delay = "100ms")]
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
    #[error("nothing to order")]
    Empty,
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// An error without the derive.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the stock is {0:?}")]
enum StockError {
    Unknown(Option<u32>),
}

fn declined() -> PayError {
    PayError::Declined {
        reason: "stolen".to_owned(),
    }
}

#[activity(start_to_close = "10s")]
async fn charge(ctx: &ActivityCtx, case: String) -> Result<u32, PayError> {
    match case.as_str() {
        "declined" => Err(declined()),
        "busy" => match ctx.attempt() {
            1 => Err(PayError::Busy),
            attempt => Ok(attempt),
        },
        _ => Err(GatewayError("bank".to_owned(), f64::INFINITY).into()),
    }
}

/// Its error becomes a `durably::Error` by a conversion that keeps its type.
#[activity(start_to_close = "10s", max_attempts = 3)]
async fn charge_by_conversion() -> Result<u32> {
    Err(Error::from_typed(declined()))
}

#[activity(start_to_close = "10s", max_attempts = 1)]
async fn count() -> Result<u32, StockError> {
    Err(StockError::Unknown(None))
}

#[activity(start_to_close = "10s", remote)]
async fn charge_in_python(case: String) -> String;

#[derive(Default)]
struct Checkout {
    done: bool,
}

#[workflow]
impl Checkout {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String, OrderError> {
        let paid = match case.as_str() {
            "empty" => return Err(OrderError::Empty),
            "serve" => {
                ctx.wait_until(|| self.done).await?;
                return Ok("closed".to_owned());
            }
            "conversion" => charge_by_conversion::call(ctx).await,
            "stock" => count::call(ctx).await,
            case => match case.strip_prefix("python ") {
                Some(case) => {
                    let queue = format!("{}-python", ctx.task_queue());
                    let error = charge_in_python::call(ctx, case).task_queue(queue).await;
                    return Ok(read(&error.expect_err("it raises an error")));
                }
                // The error's own pause is shorter.
                None => {
                    let retry = Retry::attempts(2).initial_interval(hours(1));
                    charge::call(ctx, case).retry(retry).await
                }
            },
        };
        match paid {
            Ok(attempt) => Ok(format!("paid by attempt {attempt}")),
            Err(source) => Err(OrderError::Payment { order: 7, source }),
        }
    }

    #[signal]
    fn close(&mut self) {
        self.done = true;
    }

    #[query]
    fn balance(&self) -> Result<u32, PayError> {
        Err(declined())
    }

    #[update(validator = check)]
    async fn pay(&mut self, cents: u64) -> Result<u64, PayError> {
        match cents {
            1 => Err(PayError::Busy),
            _ => Err(GatewayError("bank".to_owned(), 1.5).into()),
        }
    }

    fn check(&self, cents: &u64) -> Result<(), PayError> {
        match cents {
            0 => Err(declined()),
            _ => Ok(()),
        }
    }
}

/// What a workflow makes of an error.
fn read(error: &ActivityError) -> String {
    match error.failed::<PayError>() {
        Some(PayError::Declined { reason }) => format!("declined: {reason}"),
        Some(PayError::Busy) => "busy".to_owned(),
        Some(PayError::Gateway(GatewayError(host, _))) => format!("no {host}"),
        None => format!("unknown: {}", error.cause),
    }
}

async fn worker(world: &World) -> Result<WorkerGuard> {
    worker_of(&world.client, world).await
}

async fn worker_of(client: &Client, world: &World) -> Result<WorkerGuard> {
    Worker::new(client, &world.queue)
        .workflow::<Checkout>()
        .activity::<charge>()
        .activity::<charge_by_conversion>()
        .activity::<count>()
        .spawn()
        .await
}

async fn fails(client: &Client, world: &World, case: &str) -> Result<ResultError> {
    let order = Checkout::start(client, case)
        .task_queue(&world.queue)
        .await?;
    Ok(order.result().await.expect_err("it is not paid"))
}

const CUSTOMER: SearchKey<Keyword> = SearchKey::new("DurablyKeyword");
const COUNT: SearchKey<i64> = SearchKey::new("DurablyInt");
const AMOUNT: SearchKey<f64> = SearchKey::new("DurablyDouble");

/// An error type of a workflow that holds those of values that cannot be written or read.
#[derive(Debug, thiserror::Error, durably::Failure)]
enum TagError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("no customer")]
    NoCustomer,
}

/// Sets and reads with `?`, in methods with an error type of their own.
#[derive(Default)]
struct Tagged;

#[workflow]
impl Tagged {
    #[run]
    async fn run(&mut self, ctx: &Ctx, divisor: f64) -> Result<i64, TagError> {
        ctx.upsert(COUNT.set(3))?;
        ctx.upsert_memo("page", 7_i64)?;
        ctx.upsert(AMOUNT.set(1.0 / divisor))?;
        let page: i64 = ctx.memo("page")?.unwrap_or_default();
        let count = ctx.search(COUNT)?.unwrap_or_default();
        match ctx.search(CUSTOMER)? {
            Some(_) => Err(TagError::NoCustomer),
            None => Ok(page + count),
        }
    }
}

on_both_servers! {
    an_error_type_of_the_workflow_holds_a_value_that_cannot_be_written
    the_error_of_an_activity_reaches_the_workflow_and_the_client
    a_declared_pause_comes_before_the_next_attempt
    a_conversion_keeps_the_type_in_a_method_that_returns_any_error
    errors_of_updates_validators_and_queries_keep_their_type
    an_error_without_the_derive_says_which_variant_it_was
    a_format_of_the_users_writes_and_reads_the_fields
    a_cancelled_run_closes_as_canceled_with_an_error_of_its_own
    python_reads_the_error_and_raises_it
}

async fn the_error_of_an_activity_reaches_the_workflow_and_the_client(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let error = fails(&world.client, world, "declined").await?;
    assert_eq!(error.failed(), Some(declined()));
    let Some(OrderError::Payment { order, source }) = error.failed() else {
        panic!("the run returned it: {error:?}");
    };
    assert_eq!(order, 7);
    assert_eq!(source.activity, "charge");
    // It is not tried again.
    assert_eq!(source.retry_state(), RetryState::NonRetryableFailure);
    assert_eq!(source.failed(), Some(declined()));
    assert_eq!(
        error.to_string(),
        format!(
            "workflow `{}` failed: OrderError: order 7 is not paid: activity `charge` failed: \
             PayError: card declined: stolen",
            match &error {
                ResultError::Failed(failed) => &failed.workflow_id,
                other => panic!("it failed: {other:?}"),
            }
        )
    );
    let empty = fails(&world.client, world, "empty").await?;
    assert!(matches!(empty.failed(), Some(OrderError::Empty)));
    assert_eq!(empty.failed::<PayError>(), None);
    // A field that JSON cannot hold leaves the type, the texts and the variant.
    let infinite = fails(&world.client, world, "gateway").await?;
    assert_eq!(infinite.failed::<PayError>(), None);
    assert_eq!(infinite.failed::<GatewayError>(), None);
    let kinds: Vec<&str> = infinite.apps().map(|app| &*app.kind).collect();
    assert_eq!(kinds, ["OrderError", "PayError", "GatewayError"]);
    let variant = infinite.apps().nth(1).map(|app| app.detail::<String>(0));
    assert_eq!(variant, Some(Ok("Gateway".to_owned())));
    worker.shutdown().await
}

async fn a_declared_pause_comes_before_the_next_attempt(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let order = Checkout::start(&world.client, "busy")
        .task_queue(&world.queue)
        .await?;
    let paid = order.result().timeout(secs(30)).await?;
    assert_eq!(paid, "paid by attempt 2");
    worker.shutdown().await
}

async fn a_conversion_keeps_the_type_in_a_method_that_returns_any_error(
    world: &World,
) -> Result<()> {
    let worker = worker(world).await?;
    let error = fails(&world.client, world, "conversion").await?;
    assert_eq!(error.failed(), Some(declined()));
    let activity = error.activity().expect("an activity failed");
    assert_eq!(activity.retry_state(), RetryState::NonRetryableFailure);
    worker.shutdown().await
}

async fn errors_of_updates_validators_and_queries_keep_their_type(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let order = Checkout::start(&world.client, "serve")
        .task_queue(&world.queue)
        .await?;
    let error = order.pay(0).await.unwrap_err();
    assert!(matches!(error, UpdateError::Rejected(_)), "{error:?}");
    assert_eq!(error.failed(), Some(declined()));
    let error = order.pay(1).await.unwrap_err();
    assert!(matches!(error, UpdateError::Failed(_)), "{error:?}");
    assert_eq!(error.failed(), Some(PayError::Busy));
    let error = order.pay(2).await.unwrap_err();
    let gateway = || GatewayError("bank".to_owned(), 1.5);
    assert_eq!(error.failed(), Some(PayError::Gateway(gateway())));
    assert_eq!(error.failed(), Some(gateway()));
    let error = order.balance().await.unwrap_err();
    assert!(matches!(error, QueryError::Failed(_)), "{error:?}");
    assert_eq!(error.failed(), Some(declined()));
    order.close().await?;
    order.result().await?;
    worker.shutdown().await
}

async fn an_error_without_the_derive_says_which_variant_it_was(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let error = fails(&world.client, world, "stock").await?;
    let activity = error.activity().expect("an activity failed");
    let app = activity.app().expect("it returned an error");
    assert_eq!(
        (&*app.kind, &*app.message),
        ("StockError", "the stock is None")
    );
    assert_eq!(app.detail::<String>(0).as_deref(), Ok("Unknown"));
    worker.shutdown().await
}

async fn a_format_of_the_users_writes_and_reads_the_fields(world: &World) -> Result<()> {
    let client = world.client.with_format(MessagePack);
    let worker = worker_of(&client, world).await?;
    let error = fails(&client, world, "gateway").await?;
    let gateway = GatewayError("bank".to_owned(), f64::INFINITY);
    assert_eq!(error.failed(), Some(gateway));
    let error = fails(&client, world, "declined").await?;
    assert_eq!(error.failed(), Some(declined()));
    worker.shutdown().await
}

async fn a_cancelled_run_closes_as_canceled_with_an_error_of_its_own(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let order = Checkout::start(&world.client, "serve")
        .task_queue(&world.queue)
        .await?;
    order.cancel().await?;
    let error = order.result().await.unwrap_err();
    assert!(matches!(error, ResultError::Cancelled(_)), "{error:?}");
    worker.shutdown().await
}

async fn python_reads_the_error_and_raises_it(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    run_python("typed_errors.py", world).await?;
    worker.shutdown().await
}

async fn an_error_type_of_the_workflow_holds_a_value_that_cannot_be_written(
    world: &World,
) -> Result<()> {
    add_search_attributes(world).await?;
    let worker = world.worker().workflow::<Tagged>().spawn().await?;
    let start = |divisor| Tagged::start(&world.client, divisor).task_queue(&world.queue);
    assert_eq!(start(2.0).result().await?, 10);
    let infinite = start(0.0).await?.result().await;
    let error = infinite.expect_err("infinity is not written");
    let app = error.app().expect("its code returned an error");
    assert_eq!(app.kind, "TagError");
    assert!(app.message.contains("DurablyDouble"), "{}", app.message);
    worker.shutdown().await
}

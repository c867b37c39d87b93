//! NaN and infinities, which JSON cannot represent: the sender receives an error with the path.

use durably::{error::ResultError, prelude::*, search::SearchKey};
use durably_tests::{World, eventually, on_both_servers};

/// What travels; the price of its second line may be none that JSON can hold.
#[durably::data]
#[derive(Clone, Debug, PartialEq)]
struct Order {
    lines: Vec<Line>,
}

#[durably::data]
#[derive(Clone, Debug, PartialEq)]
struct Line {
    price: Option<f64>,
}

fn order(price: f64) -> Order {
    let line = |price| Line { price: Some(price) };
    Order {
        lines: vec![line(1.5), line(price)],
    }
}

#[activity(start_to_close = "10s", max_attempts = 1)]
async fn buy(order: Order) -> Order {
    order
}

/// Sends NaN where `from` says.
#[activity(start_to_close = "10s", heartbeat = "10s", max_attempts = 1)]
async fn measure(ctx: &ActivityCtx, from: String) -> Result<f64> {
    match from.as_str() {
        "heartbeat" => {
            ctx.heartbeat(order(1.0));
            ctx.heartbeat(order(f64::NAN));
            Ok(1.0)
        }
        "error" => Err(AppError::new("Odd", "see the details")
            .details(order(f64::NAN))
            .into()),
        _ => Ok(f64::NEG_INFINITY),
    }
}

/// The second attempt tells what it knows of the first.
#[activity(start_to_close = "10s", heartbeat = "10s", max_attempts = 2)]
async fn resume(ctx: &ActivityCtx) -> Result<Option<Order>> {
    if ctx.attempt() == 1 {
        ctx.heartbeat(order(2.0));
        ctx.heartbeat(order(f64::INFINITY));
    }
    Ok(ctx.heartbeat_details()?)
}

/// Sends NaN where it is told to.
#[derive(Default)]
struct Shop {
    closed: bool,
}

#[workflow]
impl Shop {
    #[run]
    async fn run(&mut self, ctx: &Ctx, from: String, order: Order) -> Result<Order> {
        let wrong = self::order(f64::NAN);
        match from.as_str() {
            "result" => Ok(wrong),
            "activity argument" => Ok(buy::call(ctx, wrong).await?),
            "continue as new" => Self::continue_as_new("", wrong).into(),
            "memo of continue as new" => {
                Self::continue_as_new("", order).memo("order", wrong).into()
            }
            "attribute of continue as new" => Self::continue_as_new("", order)
                .search(SearchKey::<f64>::new("CustomDoubleField"), f64::NAN)
                .into(),
            "resumed" => Ok(resume::call(ctx).await?.unwrap_or(order)),
            "wait" => {
                ctx.wait_until(|| self.closed).await?;
                Ok(order)
            }
            "echo" => Ok(buy::call(ctx, order).await?),
            activity => {
                measure::call(ctx, activity).await?;
                Ok(order)
            }
        }
    }

    #[signal]
    fn close(&mut self, order: Order) {
        self.closed = !order.lines.is_empty();
    }

    #[update]
    fn change(&mut self, order: Order, factor: u32) -> f64 {
        order.lines.len() as f64 / f64::from(factor)
    }

    #[query]
    fn total(&self, order: Order) -> (usize, f64) {
        (order.lines.len(), f64::NAN)
    }
}

on_both_servers! {
    what_a_client_sends_is_refused_with_its_path
    what_a_worker_sends_is_refused_with_its_path
    what_stops_a_workflow_task_is_told_with_its_path
    numbers_that_json_holds_arrive
    a_retry_goes_on_from_the_last_heartbeat_that_could_be_written
}

async fn worker(world: &World) -> Result<durably::worker::WorkerGuard> {
    world
        .worker()
        .workflow::<Shop>()
        .activity::<buy>()
        .activity::<measure>()
        .activity::<resume>()
        .spawn()
        .await
}

async fn start(world: &World, from: &str) -> Result<Handle<Shop>> {
    let start = Shop::start(&world.client, from, order(7.0));
    Ok(start.task_queue(&world.queue).await?)
}

const PRICE: &str = "`.lines[1].price` is NaN, which JSON cannot hold";

async fn what_a_client_sends_is_refused_with_its_path(world: &World) -> Result<()> {
    let client = &world.client;
    let shop = start(world, "wait").await?;
    let untyped = client.handle(shop.id());
    let wrong = || order(f64::NAN);
    let new = || Shop::start(client, "wait", order(7.0)).task_queue(&world.queue);
    let argument = |n: usize| format!("cannot write argument {n} `order` (`Order`): {PRICE}");
    let by_name = |n: usize| format!("cannot write argument {n} (`Order`): {PRICE}");
    let mut cases = Vec::new();
    let mut is = |expected: String, error: Error| cases.push((expected, error));

    let call = Shop::start(client, "wait", wrong()).task_queue(&world.queue);
    is(argument(2), call.await.unwrap_err().into());
    let call = client
        .start("Shop", ("wait", wrong()))
        .task_queue(&world.queue);
    is(by_name(2), call.await.unwrap_err().into());
    let expected = format!("cannot write memo `order` (`Order`): {PRICE}");
    is(
        expected,
        new().memo("order", wrong()).await.unwrap_err().into(),
    );
    let expected =
        "cannot write search attribute `Score` (`f64`): it is inf, which JSON cannot hold";
    let call = new().search(SearchKey::<f64>::new("Score"), f64::INFINITY);
    is(expected.to_owned(), call.await.unwrap_err().into());

    is(argument(1), shop.close(wrong()).await.unwrap_err().into());
    let call = untyped.signal("close", (wrong(),));
    is(by_name(1), call.await.unwrap_err().into());
    let call = new().with_signal(|shop| shop.close(wrong()));
    is(argument(1), call.await.unwrap_err().into());

    is(argument(1), shop.total(wrong()).await.unwrap_err().into());
    let call = untyped.query::<(usize, f64)>("total", (wrong(),));
    is(by_name(1), call.await.unwrap_err().into());

    is(
        argument(1),
        shop.change(wrong(), 1).await.unwrap_err().into(),
    );
    let call = untyped.update::<f64>("change", (wrong(), 1));
    is(by_name(1), call.await.unwrap_err().into());
    let accepted = shop.change(wrong(), 1).accepted().await;
    is(argument(1), accepted.unwrap_err().into());
    let call = new().with_update(|shop| shop.change(wrong(), 1));
    is(argument(1), call.await.unwrap_err().into());

    for (expected, error) in cases {
        assert_eq!(error.to_string(), expected);
    }
    shop.terminate("seen").await?;
    Ok(())
}

async fn what_a_worker_sends_is_refused_with_its_path(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let shop = start(world, "wait").await?;
    let answer = shop.total(order(1.0)).await.unwrap_err();
    let query = "cannot write the result (`(usize, f64)`): `[1]` is NaN, which JSON cannot hold";
    assert!(answer.to_string().ends_with(query), "{answer}");
    let result = shop.change(order(1.0), 0).await.unwrap_err();
    let update = "cannot write the result (`f64`): it is inf, which JSON cannot hold";
    assert!(result.to_string().ends_with(update), "{result}");
    shop.terminate("seen").await?;

    for (from, expected) in [
        (
            "result",
            format!("cannot write the result (`Order`): {PRICE}"),
        ),
        (
            "activity result",
            "cannot write the result (`f64`): it is -inf, which JSON cannot hold".to_owned(),
        ),
        (
            "heartbeat",
            format!("cannot write the heartbeat details of activity `measure` (`Order`): {PRICE}"),
        ),
    ] {
        let error = start(world, from).await?.result().await.unwrap_err();
        assert!(matches!(error, ResultError::Failed(_)), "{error:?}");
        let app = error.app().expect("the sender's error ends the run");
        let told = (app.kind.as_str(), app.message.as_str());
        assert_eq!(told, ("DataError", expected.as_str()), "{from}");
    }

    let error = start(world, "error").await?.result().await.unwrap_err();
    let app = error.app().expect("an error with details is not lost");
    assert_eq!(app.message, "see the details");
    let detail = app.detail::<Order>(0).unwrap_err().to_string();
    let expected = format!("cannot write a detail of error `Odd` (`Order`): {PRICE}");
    assert!(detail.contains(&expected), "{detail}");
    worker.shutdown().await
}

async fn what_stops_a_workflow_task_is_told_with_its_path(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    for (from, expected) in [
        (
            "activity argument",
            format!(
                "cannot call activity `buy`: cannot write argument 1 `order` (`Order`): {PRICE}"
            ),
        ),
        (
            "continue as new",
            format!("cannot write argument 2 `order` (`Order`): {PRICE}"),
        ),
        (
            "memo of continue as new",
            format!("cannot write memo `order` (`Order`): {PRICE}"),
        ),
        (
            "attribute of continue as new",
            "cannot write search attribute `CustomDoubleField` (`f64`): it is NaN, which JSON \
             cannot hold"
                .to_owned(),
        ),
    ] {
        let shop = start(world, from).await?;
        let history = eventually("a failed workflow task", || async {
            let history = shop.history().await.ok()?.to_string();
            history.contains("WorkflowTaskFailed").then_some(history)
        });
        let history = history.await;
        assert!(history.contains(&expected), "{from}: {history}");
        shop.terminate("seen").await?;
    }
    worker.shutdown().await
}

async fn numbers_that_json_holds_arrive(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    for price in [0.0, -0.0, 0.1, f64::MAX, f64::MIN_POSITIVE] {
        let call = Shop::start(&world.client, "echo", order(price)).task_queue(&world.queue);
        assert_eq!(call.await?.result().await?, order(price));
    }
    worker.shutdown().await
}

async fn a_retry_goes_on_from_the_last_heartbeat_that_could_be_written(
    world: &World,
) -> Result<()> {
    let worker = worker(world).await?;
    let shop = start(world, "resumed").await?;
    assert_eq!(shop.result().await?, order(2.0));
    worker.shutdown().await
}

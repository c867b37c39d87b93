//! Plain log lines of user code: each is logged once, whatever is replayed, and names the run, the handler, and the
//! attempt that it is of.

use durably::prelude::*;
use durably_tests::{World, on_both_servers, told::Told};
use tracing::info;

#[activity(start_to_close = "10s")]
async fn pack(ctx: &ActivityCtx) -> Result<u32> {
    info!("packs");
    tokio::task::yield_now().await;
    info!("packs on");
    match ctx.attempt() {
        1 => Err(AppError::new("Damaged", "the first box")
            .next_retry_delay(millis(1))
            .into()),
        attempt => Ok(attempt),
    }
}

#[activity(start_to_close = "10s")]
fn weigh() {
    info!("weighs");
}

#[activity(start_to_close = "10s")]
async fn label() {
    info!("labels");
}

#[derive(Default)]
struct Order {
    items: Vec<String>,
    is_closed: bool,
}

#[workflow]
impl Order {
    #[init]
    fn new() -> Self {
        info!("is created");
        Self::default()
    }

    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        info!("begins");
        ctx.wait_until(|| self.is_closed).await?;
        let attempts = pack::call(ctx).await?;
        weigh::call(ctx).await?;
        label::call(ctx).local().await?;
        info!(items = self.items.len(), "is sent");
        Ok(attempts)
    }

    #[signal]
    async fn close(&mut self, ctx: &Ctx) -> Result<()> {
        info!("closes");
        ctx.sleep(millis(1)).await?;
        info!("is closed");
        self.is_closed = true;
        Ok(())
    }

    #[update(validator = check)]
    async fn add(&mut self, ctx: &Ctx, item: String) -> Result<usize> {
        info!("adds");
        ctx.sleep(millis(1)).await?;
        info!("has added");
        self.items.push(item);
        Ok(self.items.len())
    }

    fn check(&self, item: &str) -> Result<(), String> {
        info!("checks");
        match item {
            "" => Err("it has no name".to_owned()),
            _ => Ok(()),
        }
    }

    #[query]
    fn count(&self) -> usize {
        info!("counts");
        self.items.len()
    }
}

on_both_servers! {
    lines_name_their_run_their_handler_and_their_attempt_and_are_logged_once
}

async fn lines_name_their_run_their_handler_and_their_attempt_and_are_logged_once(
    world: &World,
) -> Result<()> {
    Told::listen();
    // Each task replays all that came before it.
    let worker = world
        .worker()
        .workflow::<Order>()
        .activity::<pack>()
        .activity::<weigh>()
        .activity::<label>()
        .max_cached_workflows(0)
        .spawn()
        .await?;
    let id = world.queue.clone();
    let order = Order::start(&world.client).id(&id).task_queue(&world.queue);
    let order = order.await?;
    assert_eq!(order.count().await?, 0);
    assert_eq!(order.add("tea").id("first").await?, 1);
    order.add("").id("second").await.expect_err("it is refused");
    order.close().await?;
    assert_eq!(order.result().await?, 2);
    worker.shutdown().await?;

    let (queue, run_id) = (&world.queue, order.run_id().expect("it was started here"));
    let of_run = format!("workflow_type=\"Order\" workflow_id=\"{id}\" run_id=\"{run_id}\"",);
    let place = format!("task_queue=\"{queue}\" namespace=\"default\"");
    let workflow = format!("workflow{{{of_run} attempt=1 {place}}}:");
    let update = |id: &str| format!("{workflow}update{{update=\"add\" update_id=\"{id}\"}}:");
    let signal = format!("{workflow}signal{{signal=\"close\"}}:");
    let activity = |kind: &str, name: &str, id: u32, attempt: u32| {
        format!(
            "{kind}{{activity_type=\"{name}\" activity_id=\"{id}\" attempt={attempt} {of_run} {place}}}:"
        )
    };
    let expected = [
        format!("{workflow} is created"),
        format!("{workflow} begins"),
        format!("{workflow}query{{query=\"count\"}}: counts"),
        format!("{} checks", update("first")),
        format!("{} adds", update("first")),
        format!("{} has added", update("first")),
        format!("{} checks", update("second")),
        format!("{signal} closes"),
        format!("{signal} is closed"),
        format!("{} packs", activity("activity", "pack", 1, 1)),
        format!("{} packs on", activity("activity", "pack", 1, 1)),
        format!("{} packs", activity("activity", "pack", 1, 2)),
        format!("{} packs on", activity("activity", "pack", 1, 2)),
        format!("{} weighs", activity("activity", "weigh", 2, 1)),
        format!("{} labels", activity("local_activity", "label", 3, 1)),
        format!("{workflow} is sent items=1"),
    ];
    assert_eq!(Told::in_spans(&id), expected);
    Ok(())
}

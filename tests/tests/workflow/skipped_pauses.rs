//! Long pauses and timers of workflows that skip time by themselves.

use durably::{client::TimeSkipping, prelude::*};
use durably_tests::{World, on_both_servers};

on_both_servers! {
    the_pauses_of_an_activitys_policy_grow_by_its_factor_up_to_the_longest
    a_century_passes_at_once_for_a_workflow_that_skips_time
}

/// One hour, three, and four instead of nine.
fn policy() -> Retry {
    let retry = Retry::attempts(5).initial_interval(hours(1));
    retry.backoff(3.0).maximum_interval(hours(4))
}

#[activity(start_to_close = "1m")]
async fn fail_thrice(ctx: &ActivityCtx) -> Result<u32> {
    match ctx.attempt() {
        4 => Ok(4),
        attempt => bail!("attempt {attempt}"),
    }
}

/// Returns how many hours an activity took that fails three times.
#[derive(Default)]
struct Calling;

#[workflow]
impl Calling {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u64> {
        let before = ctx.now();
        fail_thrice::call(ctx).retry(policy()).await?;
        Ok(ctx.now().duration_since(before)?.as_secs() / 3_600)
    }
}

#[derive(Default)]
struct Sleeper;

#[workflow]
impl Sleeper {
    #[run]
    async fn run(&mut self, ctx: &Ctx, years: u64) -> Result<u64> {
        let before = ctx.now();
        ctx.sleep(days(years * 365)).await?;
        Ok(ctx.now().duration_since(before)?.as_secs() / (365 * 24 * 3_600))
    }
}

async fn the_pauses_of_an_activitys_policy_grow_by_its_factor_up_to_the_longest(
    world: &World,
) -> Result<()> {
    let worker = world.worker().workflow::<Calling>();
    let worker = worker.activity::<fail_thrice>().spawn().await?;
    let calling = Calling::start(&world.client)
        .task_queue(&world.queue)
        .time_skipping(TimeSkipping::on())
        .await?;
    assert_eq!(calling.result().timeout(mins(1)).await?, 8);
    worker.shutdown().await
}

async fn a_century_passes_at_once_for_a_workflow_that_skips_time(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Sleeper>().spawn().await?;
    let sleeper = Sleeper::start(&world.client, 100)
        .task_queue(&world.queue)
        .time_skipping(TimeSkipping::on())
        .await?;
    assert_eq!(sleeper.result().timeout(mins(1)).await?, 100);
    worker.shutdown().await
}

//! Timers, and the skipping clock.

use durably::prelude::*;
use durably_tests::{World, on_both_servers};

/// Sleeps as long as it is told to.
#[derive(Default)]
struct Sleeper;

#[workflow]
impl Sleeper {
    #[run]
    async fn run(&mut self, ctx: &Ctx, ms: u64) -> Result<u64> {
        let before = ctx.now();
        ctx.sleep(millis(ms)).await?;
        Ok(ctx.now().duration_since(before)?.as_millis() as u64)
    }
}

/// Sleeps, and sleeps again in a loop, many at once.
#[derive(Default)]
struct Alarms {
    rung: Vec<u64>,
}

#[workflow]
impl Alarms {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Vec<u64>> {
        let alarm = |n: u64| async move {
            ctx.sleep(millis(n * 40)).await?;
            Ok::<_, Error>(n)
        };
        for rung in join_all([3, 1, 2].map(alarm)).await {
            self.rung.push(rung?);
        }
        Ok(self.rung.clone())
    }
}

on_both_servers! {
    workflow_time_passes_with_the_timer
    timers_run_side_by_side
}

async fn workflow_time_passes_with_the_timer(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Sleeper>().spawn().await?;
    let slept = Sleeper::start(&world.client, 300)
        .task_queue(&world.queue)
        .result()
        .await?;
    assert!((250..10_000).contains(&slept), "{slept} ms");
    worker.shutdown().await
}

async fn timers_run_side_by_side(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Alarms>().spawn().await?;
    let rung = Alarms::start(&world.client)
        .task_queue(&world.queue)
        .result()
        .await?;
    assert_eq!(rung, [3, 1, 2]);
    worker.shutdown().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_passes_at_once_on_a_skipping_clock() -> Result<()> {
    let world = World::skipping().await?;
    let worker = world.worker().workflow::<Sleeper>().spawn().await?;
    let month = days(30).as_millis() as u64;
    let slept = Sleeper::start(&world.client, month)
        .task_queue(&world.queue)
        .result()
        .await?;
    assert!((month..month + 10_000).contains(&slept), "{slept} ms");
    worker.shutdown().await
}

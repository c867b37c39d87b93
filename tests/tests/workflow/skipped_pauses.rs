//! Long pauses and timers of workflows that skip time by themselves.

use durably::{client::TimeSkipping, prelude::*};
use durably_proto::api::history::v1::history_event::Attributes;
use durably_tests::{World, history, on_both_servers};

on_both_servers! {
    the_pauses_of_an_activitys_policy_grow_by_its_factor_up_to_the_longest
    the_pauses_of_a_runs_policy_grow_by_its_factor_up_to_the_longest
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

/// Fails three times.
#[derive(Default)]
struct Failing;

#[workflow]
impl Failing {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        match ctx.attempt() {
            4 => Ok(4),
            attempt => bail!("attempt {attempt}"),
        }
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

async fn the_pauses_of_a_runs_policy_grow_by_its_factor_up_to_the_longest(
    world: &World,
) -> Result<()> {
    let worker = world.worker().workflow::<Failing>().spawn().await?;
    let failing = Failing::start(&world.client)
        .task_queue(&world.queue)
        .retry(policy())
        .time_skipping(TimeSkipping::on())
        .await?;
    assert_eq!(failing.result().timeout(mins(1)).await?, 4);
    // The start event of each run has the pause before the run.
    let mut pauses = Vec::new();
    let mut run = failing.run_id().map(str::to_owned);
    while let Some(run_id) = run {
        let events = history::events(&world.address(), failing.id(), &run_id).await;
        let [start, .., end] = &events[..] else {
            panic!("a closed run has a start and an end: {events:?}");
        };
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &start.attributes
        else {
            panic!("a history begins with its start");
        };
        let pause = started.first_workflow_task_backoff.unwrap_or_default();
        pauses.push((started.attempt, pause.seconds));
        run = history::next_run_id(end).map(str::to_owned);
    }
    assert_eq!(pauses, [(1, 0), (2, 3_600), (3, 10_800), (4, 14_400)]);
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

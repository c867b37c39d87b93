//! A daily schedule over a year of a clock that skips: each day has its workflow, which knows its day.

use std::collections::BTreeSet;

use durably::{prelude::*, schedule::Calendar};
use durably_tests::World;
use futures::TryStreamExt;

/// Ends with the start of its day.
#[derive(Default)]
struct Daily;

#[workflow(name = "ScheduledDaily")]
impl Daily {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(mins(5)).await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_a_daily_schedule_has_a_workflow_a_day() -> Result<()> {
    let world = World::skipping().await?;
    let server = world.server().expect("it is ours");
    let worker = world.worker().workflow::<Daily>().spawn().await?;
    let schedule = Daily::schedule(&world.client, "daily")
        .task_queue(&world.queue)
        .workflow_id("day")
        .calendar(Calendar::daily(2, 0))
        .await?;
    server.advance(days(365)).await?;
    assert_eq!(schedule.describe().await?.info.counts.started, 365);
    let filter = "WorkflowType = 'ScheduledDaily' AND ExecutionStatus = 'Completed'";
    let runs: Vec<_> = world.client.list(filter).try_collect().await?;
    let ids: BTreeSet<_> = runs.iter().map(|run| run.workflow_id.clone()).collect();
    assert_eq!((runs.len(), ids.len()), (365, 365));
    // The id ends in the time that the workflow is for.
    assert!(
        ids.iter().all(|id| id.ends_with("T02:00:00Z")),
        "{:?}",
        ids.first()
    );
    worker.shutdown().await
}

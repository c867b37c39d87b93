//! Schedules over the time of a clock that skips.

use std::collections::BTreeSet;

use durably::{error::ScheduleError, prelude::*, schedule::Calendar};
use durably_tests::World;
use futures::TryStreamExt;

/// Takes five minutes.
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

/// The real server deletes such schedules, too, a week of real time later.
#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_without_anything_to_do_is_deleted_after_a_week_unless_it_is_paused()
-> Result<()> {
    let world = World::skipping().await?;
    let server = world.server().expect("it is ours");
    let worker = world.worker().workflow::<Daily>().spawn().await?;
    let create = |id: &str| {
        let call = Daily::schedule(&world.client, id);
        call.task_queue(&world.queue).only_triggered()
    };
    let (kept, deleted) = (create("kept").paused().await?, create("deleted").await?);
    let before = server.now();
    for day in 1..=6 {
        server.advance(days(1)).await?;
        assert_eq!(server.now() - before, days(day), "not to the week's end");
        deleted.describe().await?;
    }
    server.advance(days(2)).await?;
    let gone = deleted.describe().await;
    assert!(matches!(gone, Err(ScheduleError::NotFound(_))), "{gone:?}");
    kept.trigger().await?;
    server.advance(mins(10)).await?;
    assert_eq!(kept.describe().await?.info.counts.started, 1);
    worker.shutdown().await
}

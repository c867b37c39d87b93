//! Timers, and the skipping clock.

use durably::{
    prelude::*,
    raw::{
        api::{
            common::v1::{TimeSkippingConfig, WorkflowExecution},
            workflow::v1::WorkflowExecutionOptions,
            workflowservice::v1::UpdateWorkflowExecutionOptionsRequest,
        },
        wkt,
    },
    replay::Replayer,
};
use durably_tests::{World, eventually, on_both_servers, unique};

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
    a_month_passes_at_once_for_a_workflow_that_skips_time
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

async fn a_month_passes_at_once_for_a_workflow_that_skips_time(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Sleeper>().spawn().await?;
    let month = days(30).as_millis() as u64;
    let start = Sleeper::start(&world.client, month).task_queue(&world.queue);
    let sleeper = start.await?;
    let update = UpdateWorkflowExecutionOptionsRequest {
        namespace: world.client.namespace().to_owned(),
        workflow_execution: Some(WorkflowExecution {
            workflow_id: sleeper.id().to_owned(),
            ..Default::default()
        }),
        workflow_execution_options: Some(WorkflowExecutionOptions {
            time_skipping_config: Some(TimeSkippingConfig {
                enabled: true,
                ..Default::default()
            }),
            ..Default::default()
        }),
        update_mask: Some(wkt::FieldMask {
            paths: vec!["time_skipping_config".to_owned()],
        }),
        ..Default::default()
    };
    let client = world.client.raw();
    client
        .update_workflow_execution_options(update, secs(10))
        .await?;
    let slept = sleeper.result().await?;
    assert!((month..month + 60_000).contains(&slept), "{slept} ms");
    worker.shutdown().await?;
    // The events of skipping are nothing to a worker.
    let history = sleeper.history().await?;
    let events = history.events().iter();
    let skips = events.filter(|it| it.name() == "WorkflowExecutionTimeSkippingTransitioned");
    assert_eq!(skips.count(), 1);
    Replayer::new().workflow::<Sleeper>().replay(history)?;
    Ok(())
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

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_years_pass_at_once_on_a_skipping_clock() -> Result<()> {
    let world = World::skipping().await?;
    let worker = world.worker().workflow::<Sleeper>().spawn().await?;
    let years = days(36_500).as_millis() as u64;
    let slept = Sleeper::start(&world.client, years)
        .task_queue(&world.queue)
        .result()
        .await?;
    assert!((years..years + 10_000).contains(&slept), "{slept} ms");
    worker.shutdown().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_fires_after_a_restart_of_the_embedded_server() -> Result<()> {
    let folder = std::env::temp_dir().join(unique("timers"));
    std::fs::create_dir(&folder)?;
    let path = folder.join("server.db");
    let first = World::on_database(&path).await?;
    let worker = first.worker().workflow::<Sleeper>().spawn().await?;
    let sleeper = Sleeper::start(&first.client, 8_000)
        .id(unique("sleeper"))
        .task_queue(&first.queue)
        .await?;
    eventually("the timer", || async {
        let history = sleeper.history().await.ok()?.to_string();
        history.contains("TimerStarted").then_some(())
    })
    .await;
    worker.shutdown().await?;
    let before = sleeper.history().await?.to_string();
    assert!(!before.contains("TimerFired"), "{before}");
    let (id, queue) = (sleeper.id().to_owned(), first.queue.clone());
    drop(sleeper);
    first.stop().await;

    let second = World::on_database(&path).await?;
    let worker = Worker::new(&second.client, &queue);
    let worker = worker.workflow::<Sleeper>().spawn().await?;
    let sleeper = Sleeper::handle(&second.client, &id);
    let slept = sleeper.result().timeout(mins(3)).await?;
    assert!(slept >= 8_000, "{slept} ms");
    let history = sleeper.history().await?.to_string();
    assert_eq!(history.matches("TimerFired").count(), 1, "{history}");
    worker.shutdown().await?;
    drop(sleeper);
    second.stop().await;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

//! Worker shutdown: running activities finish, cached runs move to another worker.

use durably::prelude::*;
use durably_tests::{World, eventually, on_both_servers};

#[activity(start_to_close = "20s", heartbeat = "5s")]
async fn patient(ctx: &ActivityCtx) -> Result<String> {
    for _ in 0..400 {
        if ctx.is_cancelled() {
            return Ok("told to stop".into());
        }
        ctx.heartbeat(());
        tokio::time::sleep(millis(25)).await;
    }
    Ok("ran to the end".into())
}

/// Runs one activity.
#[derive(Default)]
struct Patient;

#[workflow]
impl Patient {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        Ok(patient::call(ctx).await?)
    }
}

on_both_servers! {
    a_running_activity_is_told_and_its_result_is_not_lost
    cached_runs_of_a_dropped_worker_move_to_another
}

async fn a_running_activity_is_told_and_its_result_is_not_lost(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Patient>()
        .activity::<patient>()
        .spawn()
        .await?;
    let handle = Patient::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    eventually("the activity to start", || async {
        let pending = handle.describe().await.ok()?.pending_activities;
        (!pending.is_empty() && pending[0].attempt == 1 && pending[0].is_started).then_some(())
    })
    .await;
    worker.shutdown().await?;
    let worker = world
        .worker()
        .workflow::<Patient>()
        .activity::<patient>()
        .spawn()
        .await?;
    assert_eq!(handle.result().await?, "told to stop");
    worker.shutdown().await
}

/// Waits for a signal.
#[derive(Default)]
struct Waiting {
    released: bool,
}

#[workflow]
impl Waiting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.wait_until(|| self.released).await?;
        Ok(())
    }

    #[signal]
    fn release(&mut self) {
        self.released = true;
    }

    #[query]
    fn is_released(&self) -> bool {
        self.released
    }
}

async fn cached_runs_of_a_dropped_worker_move_to_another(world: &World) -> Result<()> {
    // Without a word from the worker, the run's next task would wait for it for an hour.
    let worker = world
        .worker()
        .sticky_timeout(hours(1))
        .workflow::<Waiting>();
    let handle = Waiting::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    tokio::select! {
        ended = worker.run() => panic!("the worker ended by itself: {ended:?}"),
        released = handle.is_released() => assert!(!released?),
    }
    let worker = world.worker().workflow::<Waiting>().spawn().await?;
    handle.release().await?;
    handle.result().await?;
    worker.shutdown().await
}

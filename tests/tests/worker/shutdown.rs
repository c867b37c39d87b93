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

//! A worker whose namespace is deleted: it ends with the reason, and so do its activities and those who wait for results.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use durably::{
    error::{ResultError, RpcError},
    prelude::*,
    worker::WorkerState,
};
use durably_tests::{World, eventually, on_both_servers};

on_both_servers! {
    a_worker_whose_namespace_is_deleted_ends_with_the_reason
}

/// Heartbeats until it is told to stop.
struct Patient {
    has_stopped: Arc<AtomicBool>,
}

#[activities]
impl Patient {
    #[activity(start_to_close = "10m", heartbeat = "2s")]
    async fn waits(&self, ctx: &ActivityCtx) -> Result<()> {
        while !ctx.is_cancelled() {
            ctx.heartbeat(());
            tokio::time::sleep(millis(100)).await;
        }
        self.has_stopped.store(true, Ordering::SeqCst);
        Ok(())
    }
}

/// Runs one activity.
#[derive(Default)]
struct Deleted;

#[workflow]
impl Deleted {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        Ok(Patient::stub(ctx).waits().await?)
    }
}

async fn a_worker_whose_namespace_is_deleted_ends_with_the_reason(world: &World) -> Result<()> {
    let client = world.own_namespace().await?;
    let has_stopped = Arc::new(AtomicBool::new(false));
    let patient = Patient {
        has_stopped: Arc::clone(&has_stopped),
    };
    let worker = Worker::new(&client, &world.queue)
        .workflow::<Deleted>()
        .activities(patient);
    let state = worker.handle();
    let worker = tokio::spawn(worker.run());
    let handle = Deleted::start(&client).task_queue(&world.queue).await?;
    eventually("the activity runs", || async {
        let pending = handle.describe().await.ok()?.pending_activities;
        pending.first()?.is_started.then_some(())
    })
    .await;
    let waiter = handle.clone();
    let waits = tokio::spawn(async move { waiter.result().await });
    world.client.delete_namespace(&world.queue).await?;
    // The real server terminates the workflows and then removes them. Whether the poll that waits sees the termination
    // or comes back when the execution, or the whole namespace, is gone already depends on when it is sent again.
    let missing = format!("there is no namespace `{}`", world.queue);
    match waits.await? {
        Err(ResultError::Terminated(it)) => assert_eq!(it.reason, "Delete workflow execution"),
        Err(ResultError::Rpc(RpcError::NamespaceNotFound { namespace })) => {
            assert_eq!(namespace, world.queue);
        }
        Err(ResultError::NotFound(it)) => assert_eq!(it.workflow_id, handle.id()),
        other => panic!("{other:?}"),
    }
    let ended = worker.await?.expect_err("its polls are refused");
    let text = format!("{ended:#}");
    assert!(text.contains(&missing), "{text}");
    assert!(has_stopped.load(Ordering::SeqCst), "the activity was told");
    match state.health().state {
        WorkerState::Failed { reason } => assert!(reason.contains(&missing), "{reason}"),
        other => panic!("{other:?}"),
    }
    Ok(())
}

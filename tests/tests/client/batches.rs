//! Batches by the typed client: over nothing, over everything, and stopped half-way.

use durably::{
    client::{BatchKind, BatchState, DynHandle, WorkflowStatus},
    error::BatchError,
    prelude::*,
};
use durably_tests::{World, eventually, on_both_servers};

on_both_servers! {
    a_batch_over_nothing_is_done
    a_batch_over_everything_ends_all_of_a_namespace
    a_batch_that_is_stopped_half_way_leaves_the_rest_alone
}

/// Starts this many workflows that no worker takes, and waits until they are listed.
async fn started(client: &Client, queue: &str, count: u64) -> Result<Vec<DynHandle>> {
    let mut handles = Vec::new();
    for _ in 0..count {
        handles.push(client.start("Batched", ()).task_queue(queue).await?);
    }
    let filter = running(queue);
    eventually("the workflows are listed", || async {
        (client.count(&filter).await.ok()? == count).then_some(())
    })
    .await;
    Ok(handles)
}

fn running(queue: &str) -> String {
    format!("TaskQueue = '{queue}' AND ExecutionStatus = 'Running'")
}

async fn a_batch_over_nothing_is_done(world: &World) -> Result<()> {
    for kind in [
        BatchKind::Signal,
        BatchKind::Cancel,
        BatchKind::Terminate,
        BatchKind::Delete,
    ] {
        // One batch at a time runs in a namespace.
        let done = eventually("the end of the batch", || async {
            let batch = world.client.batch(running(&world.queue));
            let batch = match kind {
                BatchKind::Signal => batch.signal("go", (), "none"),
                BatchKind::Cancel => batch.cancel("none"),
                BatchKind::Terminate => batch.terminate("none"),
                _ => batch.delete("none"),
            };
            batch.await.ok()?.finished().timeout(mins(3)).await.ok()
        })
        .await;
        assert_eq!((done.state, done.kind), (BatchState::Completed, kind));
        assert_eq!((done.total, done.completed, done.failed), (0, 0, 0));
        assert_eq!(done.reason, "none");
    }
    Ok(())
}

async fn a_batch_over_everything_ends_all_of_a_namespace(world: &World) -> Result<()> {
    let client = world.own_namespace().await?;
    let handles = started(&client, &world.queue, 5).await?;
    handles[0].terminate("before").await?;
    let filter = running(&world.queue);
    eventually("its end is listed", || async {
        (client.count(&filter).await.ok()? == 4).then_some(())
    })
    .await;
    let everything = client.batch("StartTime > '1970-01-01T00:00:00Z'");
    let batch = everything.terminate("closing down").await?;
    let done = batch.finished().timeout(mins(3)).await?;
    assert_eq!(
        (done.state, done.kind),
        (BatchState::Completed, BatchKind::Terminate)
    );
    // Those that have ended are left out.
    assert_eq!((done.total, done.completed, done.failed), (4, 4, 0));
    for handle in &handles {
        assert_eq!(handle.describe().await?.status, WorkflowStatus::Terminated);
    }
    match batch.stop("too late").await {
        Err(BatchError::NotFound(it)) => assert_eq!(it.batch_id, batch.id()),
        other => panic!("{other:?}"),
    }
    world.client.delete_namespace(&world.queue).await?;
    Ok(())
}

async fn a_batch_that_is_stopped_half_way_leaves_the_rest_alone(world: &World) -> Result<()> {
    const COUNT: u64 = 500;
    let handles = started(&world.client, &world.queue, COUNT).await?;
    // One batch at a time runs in a namespace.
    let batch = eventually("the start of the batch", || async {
        let batch = world.client.batch(running(&world.queue));
        batch.terminate("recall").max_per_second(20.0).await.ok()
    })
    .await;
    let terminated = async || {
        let mut terminated = 0;
        for handle in &handles {
            let is_terminated = handle.describe().await?.status == WorkflowStatus::Terminated;
            terminated += u64::from(is_terminated);
        }
        Ok::<_, Error>(terminated)
    };
    eventually("the first termination", || async {
        (world.client.count(running(&world.queue)).await.ok()? < COUNT).then_some(())
    })
    .await;
    batch.stop("enough").await?;
    let stopped = batch.finished().timeout(mins(3)).await?;
    assert_eq!(
        (stopped.state, stopped.kind, &*stopped.reason),
        (BatchState::Failed, BatchKind::Terminate, "recall")
    );
    if world.is_ours() {
        // The real server does not say how far a batch came that was stopped.
        assert_eq!((stopped.total, stopped.failed), (COUNT, 0));
        // The one that was being done at that moment is not counted.
        let done = terminated().await?;
        assert!(
            (0..=1).contains(&(done - stopped.completed)),
            "{done} {stopped:?}"
        );
    }
    // The real server goes on until it notices the stop, which takes it seconds.
    let done = eventually("no more is terminated", || async {
        let before = terminated().await.ok()?;
        tokio::time::sleep(secs(3)).await;
        (terminated().await.ok()? == before).then_some(before)
    })
    .await;
    assert!((1..COUNT).contains(&done), "{done} of {COUNT}");
    for handle in &handles {
        handle.terminate("clean up").await.ok();
    }
    Ok(())
}

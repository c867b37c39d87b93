//! Batches by the typed client: over nothing and over everything.

use durably::{
    client::{BatchKind, BatchState, DynHandle, WorkflowStatus},
    error::BatchError,
    prelude::*,
};
use durably_tests::{World, eventually, on_both_servers};

on_both_servers! {
    a_batch_over_nothing_is_done
    a_batch_over_everything_ends_all_of_a_namespace
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
            batch.await.ok()?.finished().timeout(secs(60)).await.ok()
        })
        .await;
        assert_eq!((done.state, done.kind), (BatchState::Completed, kind));
        assert_eq!((done.total, done.completed, done.failed), (0, 0, 0));
        assert_eq!(done.reason, "none");
    }
    Ok(())
}

async fn a_batch_over_everything_ends_all_of_a_namespace(world: &World) -> Result<()> {
    world.client.register_namespace(&world.queue).await?;
    let client = world.client.in_namespace(&world.queue);
    eventually("the namespace is known", || async {
        client.count("").await.ok()
    })
    .await;
    let handles = started(&client, &world.queue, 5).await?;
    handles[0].terminate("before").await?;
    let filter = running(&world.queue);
    eventually("its end is listed", || async {
        (client.count(&filter).await.ok()? == 4).then_some(())
    })
    .await;
    let everything = client.batch("StartTime > '1970-01-01T00:00:00Z'");
    let batch = everything.terminate("closing down").await?;
    let done = batch.finished().timeout(secs(60)).await?;
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

//! The version of the worker that completes a task, read by workflow code.

use durably::prelude::*;
use durably::replay::Replayer;
use durably_tests::{World, eventually, on_both_servers};

use super::versioning::{Orders, one, two};

on_both_servers! {
    the_version_of_each_task_is_read_and_replays
    the_build_of_a_worker_outside_of_deployments_is_read_and_replays
}

async fn the_version_of_each_task_is_read_and_replays(world: &World) -> Result<()> {
    let orders = Orders::new(world);
    let one = orders.one().await?;
    orders.set_current("1").await?;
    let run = one::Reads::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    eventually("the first build", || async {
        run.builds().await.ok().filter(|it| *it == ["1 1", "1"])
    })
    .await;
    let two = orders.two().await?;
    orders.set_current("2").await?;
    run.step().await?;
    eventually("the second build", || async {
        let builds = run.builds().await.ok()?;
        (builds == ["1 1", "2 2", "2"]).then_some(())
    })
    .await;
    run.step().await?;
    assert_eq!(run.result().await?, ["1 1", "2 2"]);
    one.shutdown().await?;
    two.shutdown().await?;
    // Another worker, which has to replay all of it.
    let again = orders.two().await?;
    // The real server sends queries to workers that are gone for a while.
    let builds = eventually("an answer", || async { run.builds().await.ok() }).await;
    assert_eq!(builds, ["1 1", "2 2", "2"]);
    again.shutdown().await?;
    Replayer::new()
        .workflow::<two::Reads>()
        .replay(run.history().await?)?;
    Ok(())
}

async fn the_build_of_a_worker_outside_of_deployments_is_read_and_replays(
    world: &World,
) -> Result<()> {
    let worker = |build: Option<&str>| {
        let worker = one::register(world.worker());
        match build {
            Some(build) => worker.build_id(build),
            None => worker,
        }
    };
    let first = worker(Some("1")).spawn().await?;
    let run = one::Reads::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    eventually("the first build", || async {
        run.builds().await.ok().filter(|it| *it == ["1 none", "1"])
    })
    .await;
    first.shutdown().await?;
    let second = worker(None).spawn().await?;
    run.step().await?;
    eventually("a worker without a build", || async {
        let builds = run.builds().await.ok()?;
        (builds == ["1 none", " none", ""]).then_some(())
    })
    .await;
    second.shutdown().await?;
    let third = worker(Some("3")).spawn().await?;
    run.step().await?;
    assert_eq!(run.result().await?, ["1 none", " none"]);
    assert_eq!(run.builds().await?, ["1 none", " none", "3"]);
    third.shutdown().await?;
    Replayer::new()
        .workflow::<one::Reads>()
        .replay(run.history().await?)?;
    Ok(())
}

//! Workers and servers that are killed mid-run: no event is lost.

use std::process::Command;

use durably::{Client, Result};
use durably_tests::{
    World,
    crunch::{Crunch, crunch, sum},
    eventually, on_both_servers,
    process::{Process, free_port, real_server, tool},
    unique,
};

const STEPS: u32 = 20;

on_both_servers! {
    a_worker_killed_mid_run_loses_nothing
}

fn worker_process(address: &str, queue: &str) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_test-worker"));
    command.arg(address).arg(queue);
    Process::start(command, "ready")
}

async fn a_worker_killed_mid_run_loses_nothing(world: &World) -> Result<()> {
    let worker = worker_process(&world.address(), &world.queue);
    let handle = Crunch::start(&world.client, STEPS)
        .task_queue(&world.queue)
        .await?;
    eventually("a few steps", || async {
        handle.done().await.ok().filter(|done| *done >= 3)
    })
    .await;
    worker.kill();
    let _worker = worker_process(&world.address(), &world.queue);
    assert_eq!(handle.result().await?, sum(STEPS));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_and_restarted_mid_run_loses_nothing() -> Result<()> {
    let test = "a_server_killed_and_restarted_mid_run_loses_nothing";
    let Some(cli) = tool("DURABLY_TEMPORAL_CLI", test) else {
        return Ok(());
    };
    let port = free_port();
    let database = std::env::temp_dir().join(unique("temporal.db"));
    let server = real_server(&cli, port, &database).await;
    let client = Client::connect(format!("127.0.0.1:{port}")).await?;
    let worker = durably::Worker::new(&client, "crunch")
        .workflow::<Crunch>()
        .activity::<crunch>()
        .spawn()
        .await?;
    let handle = Crunch::start(&client, STEPS).task_queue("crunch").await?;
    let waiting = tokio::spawn({
        let handle = handle.clone();
        async move { handle.result().await }
    });
    eventually("a few steps", || async {
        handle.done().await.ok().filter(|done| *done >= 3)
    })
    .await;
    server.kill();
    let _server = real_server(&cli, port, &database).await;
    let result = waiting.await.expect("the waiter does not panic")?;
    assert_eq!(result, sum(STEPS));
    worker.shutdown().await?;
    let _ = std::fs::remove_file(database);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_reconnects_when_the_embedded_server_comes_back() -> Result<()> {
    let port = free_port();
    let start = || durably::Server::builder().port(port).start();
    let server = start().await?;
    let client = Client::connect(format!("127.0.0.1:{port}")).await?;
    let worker = durably::Worker::new(&client, "crunch")
        .workflow::<Crunch>()
        .activity::<crunch>()
        .spawn()
        .await?;
    let run = || async {
        Crunch::start(&client, 2)
            .task_queue("crunch")
            .result()
            .await
    };
    assert_eq!(run().await?, sum(2));
    server.shutdown().await;
    let _server = start().await?;
    let result = eventually("a run on the restarted server", || async {
        run().await.ok()
    })
    .await;
    assert_eq!(result, sum(2));
    worker.shutdown().await
}

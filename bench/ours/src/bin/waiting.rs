//! `waiting BRANCHES REPETITIONS`: a workflow whose branches wait for the same condition, and one with
//! twice as many, each spawned and in a `join_all`.

use std::time::{Duration, Instant};

use bench_ours::Places;
use durably::{Client, Result, Server, Worker, secs};

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(branches), Some(repetitions)) = (args.next(), args.next()) else {
        durably::bail!("usage: waiting BRANCHES REPETITIONS");
    };
    let (branches, repetitions): (u32, u32) = (branches.parse()?, repetitions.parse()?);
    let server = Server::builder().start().await?;
    let client = server.client().await?;
    let worker = Worker::new(&client, "waiting")
        .deadlock_timeout(secs(60))
        .workflow::<Places>()
        .spawn()
        .await?;
    for (name, joined) in [("spawned", false), ("joined", true)] {
        let (mut once, mut twice) = (Duration::MAX, Duration::MAX);
        for _ in 0..repetitions {
            once = once.min(run(&client, branches, joined).await?);
            twice = twice.min(run(&client, branches * 2, joined).await?);
        }
        let ratio = twice.as_secs_f64() / once.as_secs_f64();
        println!(
            "{name}_ms={:.1} {name}_ratio={ratio:.2}",
            once.as_secs_f64() * 1e3
        );
    }
    worker.shutdown().await
}

async fn run(client: &Client, branches: u32, joined: bool) -> Result<Duration> {
    let start = Instant::now();
    Places::start(client, branches, joined)
        .task_queue("waiting")
        .task_timeout(secs(60))
        .result()
        .await?;
    Ok(start.elapsed())
}

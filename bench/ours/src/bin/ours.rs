//! `ours WORKFLOWS EACH CONCURRENCY act|local|local-at-once|sig|idle remote|memory|sqlite|loopback`, printed as
//! `key=value`s. `remote` is the server that TEMPORAL_ADDRESS names, `memory` the embedded one without
//! a socket, `sqlite` the same with a database in a file, `loopback` the embedded one through gRPC.

use std::time::{Duration, Instant};

use bench_ours::{
    Hello, Local, Sig, inc,
    process::{cpu, rss_kib},
};
use durably::{Client, Result, Server, Worker};
use futures::{StreamExt, TryStreamExt, stream};

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [count, each, concurrency, mode, server] = &args[..] else {
        durably::bail!(
            "usage: ours WORKFLOWS EACH CONCURRENCY act|local|local-at-once|sig|idle remote|memory|sqlite|loopback"
        );
    };
    let (count, each): (u64, u32) = (count.parse()?, each.parse()?);
    let concurrency: usize = concurrency.parse()?;
    let folder = std::env::temp_dir().join(format!("durably-bench-{}", std::process::id()));
    let embedded = match server.as_str() {
        "remote" => None,
        "sqlite" => {
            std::fs::create_dir(&folder)?;
            let database = folder.join("bench.db");
            Some(Server::builder().database(database).start().await?)
        }
        _ => Some(Server::start().await?),
    };
    let client = match (&embedded, server.as_str()) {
        (Some(server), "memory" | "sqlite") => server.client().await?,
        (Some(server), _) => {
            let address = server.address().expect("the server listens");
            Client::connect(address.to_string()).await?
        }
        (None, _) => Client::from_env().await?,
    };
    let queue = format!("bench-{}", std::process::id());
    let worker = Worker::new(&client, &queue)
        .max_cached_workflows(20_000)
        .workflow::<Hello>()
        .workflow::<Local>()
        .workflow::<Sig>()
        .activity::<inc>()
        .spawn()
        .await?;

    let (cpu0, start, rss0) = (cpu(), Instant::now(), rss_kib());
    stream::iter(0..count)
        .map(|n| {
            let (client, queue, mode) = (client.clone(), queue.clone(), mode.clone());
            async move { one(&client, &queue, n, &mode, each).await }
        })
        .buffer_unordered(concurrency)
        .try_collect::<Vec<()>>()
        .await?;
    let wall = start.elapsed().as_secs_f64();
    let used = (cpu() - cpu0).as_secs_f64();
    let ops = count as f64 * f64::from(each.max(1));
    println!(
        "first_id={queue}-0 wall={wall:.3} wf/s={:.1} op/s={:.1} cpu_us_per_wf={:.1} cpu_us_per_op={:.1}",
        count as f64 / wall,
        ops / wall,
        used * 1e6 / count as f64,
        used * 1e6 / ops
    );
    if mode == "idle" {
        tokio::time::sleep(Duration::from_secs(5)).await;
        println!("idle_bytes={}", (rss_kib() - rss0) * 1024 / count);
        std::process::exit(0);
    }
    worker.shutdown().await?;
    if let Some(server) = embedded {
        server.shutdown().await;
    }
    if server == "sqlite" {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}

async fn one(client: &Client, queue: &str, n: u64, mode: &str, each: u32) -> Result<()> {
    let id = format!("{queue}-{n}");
    match mode {
        "act" => {
            let done = Hello::start(client, each)
                .id(id)
                .task_queue(queue)
                .result()
                .await?;
            assert_eq!(done, each);
        }
        "local" | "local-at-once" => {
            let done = Local::start(client, each, mode == "local-at-once")
                .id(id)
                .task_queue(queue)
                .result()
                .await?;
            assert_eq!(done, each);
        }
        "idle" => {
            Sig::start(client, 1).id(id).task_queue(queue).await?;
        }
        _ => {
            let handle = Sig::start(client, each).id(id).task_queue(queue).await?;
            for _ in 0..each {
                handle.add(1).await?;
            }
            assert_eq!(handle.result().await?, each);
        }
    }
    Ok(())
}

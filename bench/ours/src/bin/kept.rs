//! What an embedded server with a database keeps: `kept FILE open|closed COUNT` fills the file with
//! runs that sleep a year, or with runs that have closed; `kept FILE starts COUNT` times starts of
//! workflows one after another; `kept FILE restart FILTER` times a start of the server on what is there,
//! and the first page of a list. Prints `key=value`s.

use std::time::{Duration, Instant};

use bench_ours::{Hello, Sleep, process::rss_kib};
use durably::{Client, Result, Server, Worker, prelude::days};
use futures::{StreamExt, TryStreamExt, stream};

const QUEUE: &str = "kept";
const AT_ONCE: usize = 200;

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, what, argument] = &args[..] else {
        durably::bail!("usage: kept FILE open|closed|starts COUNT, or kept FILE restart FILTER");
    };
    let rss0 = rss_kib();
    let began = Instant::now();
    let server = Server::builder()
        .database(file)
        .retention(days(30))
        .start()
        .await?;
    let started_in = began.elapsed();
    let client = server.client().await?;
    match what.as_str() {
        "restart" => restart(&client, argument, started_in, rss0).await?,
        "starts" => starts(&client, argument.parse()?).await?,
        "open" | "closed" => fill(&client, what == "open", argument.parse()?).await?,
        _ => durably::bail!("what is {what}?"),
    }
    server.shutdown().await;
    Ok(())
}

async fn restart(client: &Client, filter: &str, started_in: Duration, rss0: u64) -> Result<()> {
    println!("start_ms={:.2}", millis(started_in));
    for page in ["first", "again"] {
        let began = Instant::now();
        let found = client.list(filter).next().await?.is_some();
        println!(
            "{page}_page_ms={:.2} {page}_found={}",
            millis(began.elapsed()),
            u8::from(found)
        );
    }
    // What was read to start is put out of memory again after 20 s without use.
    tokio::time::sleep(Duration::from_secs(30)).await;
    println!("rss_bytes={}", (rss_kib() - rss0) * 1024);
    Ok(())
}

async fn starts(client: &Client, count: usize) -> Result<()> {
    let mut took = Vec::with_capacity(count);
    for n in 0..count {
        let began = Instant::now();
        Hello::start(client, 0)
            .id(format!("single-{n}"))
            .task_queue(QUEUE)
            .await?;
        took.push(millis(began.elapsed()));
    }
    took.sort_by(f64::total_cmp);
    println!(
        "start_median_ms={:.3} start_99_ms={:.3}",
        took[count / 2],
        took[count * 99 / 100]
    );
    Ok(())
}

async fn fill(client: &Client, open: bool, count: u64) -> Result<()> {
    let worker = Worker::new(client, QUEUE)
        .workflow::<Hello>()
        .workflow::<Sleep>()
        .spawn()
        .await?;
    let (began, rss0) = (Instant::now(), rss_kib());
    stream::iter(0..count)
        .map(|n| async move {
            if open {
                let run = Sleep::start(client, 365).id(format!("open-{n}"));
                run.task_queue(QUEUE)
                    .await
                    .map(drop)
                    .map_err(durably::Error::from)
            } else {
                let run = Hello::start(client, 0).id(format!("closed-{n}"));
                run.task_queue(QUEUE)
                    .result()
                    .await
                    .map(drop)
                    .map_err(durably::Error::from)
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<()>>()
        .await?;
    // Starts are answered before the first workflow task of a run has armed its timer; the tasks of a
    // queue are handed out in order.
    let last = Hello::start(client, 0).id("last").task_queue(QUEUE);
    last.result().await?;
    println!("fill_s={:.1}", began.elapsed().as_secs_f64());
    worker.shutdown().await?;
    println!("rss_bytes={}", (rss_kib() - rss0) * 1024);
    Ok(())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

//! What telemetry and encryption cost: `observed plain|observed WORKFLOWS` runs workflows of one activity on the
//! server at `TEMPORAL_ADDRESS`, without and with metrics and a subscriber for spans;
//! `observed echo|encrypted WORKFLOWS` runs workflows that take and return 1 KB on an embedded server, without
//! and with AES-256-GCM. Prints the CPU of the process, a workflow.

use bench_ours::{Echo, Hello, inc, process::cpu};
use durably::{
    Client, Result, Server, Worker, bail,
    codec::{Codecs, Encryption, Keys},
    telemetry::Prometheus,
};
use futures::{StreamExt, TryStreamExt, stream};

const AT_ONCE: usize = 40;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ["plain" | "observed" | "echo" | "encrypted", count] = arguments[..] else {
        bail!("usage: observed plain|observed|echo|encrypted WORKFLOWS");
    };
    let (mode, count) = (arguments[0], count.parse()?);
    let server = Server::start().await?;
    let client = match mode {
        "plain" => Client::from_env().await?,
        "observed" => {
            // The lines are formatted with the fields of their spans, and dropped.
            tracing_subscriber::fmt().with_writer(std::io::sink).init();
            Client::from_env().await?.with_meter(Prometheus::new())
        }
        "encrypted" => {
            let encryption = Encryption::aes256_gcm(Keys::new("key", [7; 32]));
            let client = server.client().await?;
            client.with_codecs(Codecs::new().codec(encryption))
        }
        _ => server.client().await?,
    };
    let queue = format!("observed-{}", std::process::id());
    let worker = Worker::new(&client, &queue)
        .workflow::<Hello>()
        .workflow::<Echo>()
        .activity::<inc>()
        .spawn()
        .await?;
    let text = "x".repeat(1_000);
    // The first run warms up caches and the allocator.
    for measured in [false, true] {
        let before = cpu();
        stream::iter(0..count)
            .map(|_| one(&client, &queue, mode, &text))
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<()>>()
            .await?;
        if measured {
            let used = (cpu() - before).as_secs_f64();
            println!("cpu_us_per_wf={:.1}", used * 1e6 / f64::from(count));
        }
    }
    worker.shutdown().await?;
    server.shutdown().await;
    Ok(())
}

async fn one(client: &Client, queue: &str, mode: &str, text: &str) -> Result<()> {
    match mode {
        "plain" | "observed" => {
            let done = Hello::start(client, 1).task_queue(queue).result().await?;
            assert_eq!(done, 1);
        }
        _ => {
            let done = Echo::start(client, text).task_queue(queue).result().await?;
            assert_eq!(done, text);
        }
    }
    Ok(())
}

//! A whole test that sleeps 30 days, server start included, timed inside the process.

use std::time::Instant;

use bench_ours::Sleep;
use durably::{Result, Server, Worker};

#[tokio::main]
async fn main() -> Result<()> {
    let start = Instant::now();
    let server = Server::builder().skip_time().start().await?;
    let client = server.client().await?;
    let worker = Worker::new(&client, "month")
        .workflow::<Sleep>()
        .spawn()
        .await?;
    Sleep::start(&client, 30)
        .task_queue("month")
        .result()
        .await?;
    println!("month_ms={:.1}", start.elapsed().as_secs_f64() * 1e3);
    worker.shutdown().await
}

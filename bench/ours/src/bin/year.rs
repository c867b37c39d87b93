//! A whole test of a daily schedule over a year, with its 365 workflows, server start included, timed inside the process.

use std::time::Instant;

use bench_ours::Sleep;
use durably::{Server, prelude::*, schedule::Calendar};

#[tokio::main]
async fn main() -> Result<()> {
    let start = Instant::now();
    let server = Server::builder().skip_time().start().await?;
    let client = server.client().await?;
    let worker = Worker::new(&client, "year")
        .workflow::<Sleep>()
        .spawn()
        .await?;
    Sleep::schedule(&client, "daily", 0)
        .task_queue("year")
        .calendar(Calendar::daily(2, 0))
        .await?;
    server.advance(days(365)).await?;
    let taken = start.elapsed();
    let runs = client
        .count("WorkflowType = 'Sleep' AND ExecutionStatus = 'Completed'")
        .await?;
    println!("year_ms={:.1}\nyear_runs={runs}", taken.as_secs_f64() * 1e3);
    worker.shutdown().await
}

//! An import that may be interrupted at any line: timeouts and retries of activities, heartbeats from which the next
//! attempt resumes, and a cancellation that reaches the activity.
//!
//! `cargo run --example activities`

use durably::{error::TimeoutKind, prelude::*};

/// Imports a file line by line, and reports each; the first attempt breaks off in the middle.
#[activity(start_to_close = "1m", heartbeat = "5s")]
async fn import(ctx: &ActivityCtx, file: String) -> Result<u64> {
    // What the attempt before has reported last.
    let done: u64 = ctx.heartbeat_details()?.unwrap_or_default();
    println!("  {file}: attempt {} begins at line {done}", ctx.attempt());
    for line in done..10 {
        if line == 6 && ctx.attempt() == 1 {
            bail!("the connection broke");
        }
        ctx.heartbeat(line + 1);
        tokio::time::sleep(millis(5)).await;
    }
    Ok(10)
}

/// Runs until it is cancelled, which it learns from the response to a heartbeat.
#[activity(start_to_close = "1m", heartbeat = "500ms")]
async fn watch(ctx: &ActivityCtx) -> Result<()> {
    while !ctx.is_cancelled() {
        ctx.heartbeat("watching");
        tokio::time::sleep(millis(20)).await;
    }
    println!("  the watch puts its things away");
    Err(Cancelled.into())
}

/// Another attempt would find no such file either.
#[activity(start_to_close = "10s")]
async fn open(file: String) -> Result<String> {
    Err(AppError::new("NoFile", file).non_retryable().into())
}

#[activity(start_to_close = "200ms")]
async fn hang() {
    tokio::time::sleep(secs(60)).await;
}

#[derive(Default)]
struct Nightly;

#[workflow(task_queue = "imports")]
impl Nightly {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
        let mut report = Vec::new();
        let policy = Retry::attempts(5)
            .initial_interval(millis(50))
            .backoff(1.5)
            .maximum_interval(secs(1));
        let lines = import::call(ctx, "today.csv").retry(policy).await?;
        report.push(format!("{lines} lines are imported"));

        // One attempt takes too long, and there is no other one.
        let late = hang::call(ctx).retry(Retry::never()).await;
        if let Err(error) = late
            && error.timeout() == Some(TimeoutKind::StartToClose)
        {
            report.push("an attempt took too long".to_owned());
        }

        // The activity says that it is of no use to repeat it; a policy can, too: `.not_for("NoFile")`.
        if let Err(error) = open::call(ctx, "yesterday.csv").await {
            let kind = error.app().map_or("?", |app| app.kind.as_str());
            report.push(format!("not tried again: {kind}"));
        }

        let (scope, inner) = ctx.scope();
        let watching = watch::call(&inner).start();
        ctx.sleep(millis(200)).await?;
        scope.cancel();
        if let Err(error) = watching.await
            && error.is_cancelled()
        {
            report.push("the watch has ended".to_owned());
        }
        Ok(report)
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let client = Client::development().await?;
    let worker = Worker::new(&client, "imports")
        .workflow::<Nightly>()
        .activity::<import>()
        .activity::<watch>()
        .activity::<open>()
        .activity::<hang>()
        .spawn()
        .await?;
    let nightly = Nightly::start(&client).await?;
    for line in nightly.result().await? {
        println!("{line}");
    }
    println!("\n{}", nightly.history().await?);
    worker.shutdown().await
}

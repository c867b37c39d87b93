//! Local activities of durably and of the Python SDK replay each other's histories.

use durably::{prelude::*, replay::Replayer};
use durably_tests::{World, on_both_servers, unique};

use super::payloads::python_output;

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    format!("Hello, {name}")
}

#[activity(start_to_close = "10s")]
async fn slow() -> u32 {
    tokio::time::sleep(millis(100)).await;
    7
}

#[activity(start_to_close = "10s")]
async fn flaky(ctx: &ActivityCtx) -> Result<u32> {
    if ctx.attempt() < 3 {
        bail!("attempt {} fails", ctx.attempt());
    }
    Ok(ctx.attempt())
}

#[activity(start_to_close = "10s")]
async fn refuse() -> Result<()> {
    Err(AppError::new("Refused", "never").non_retryable().into())
}

#[activity(start_to_close = "10m")]
async fn hang(ctx: &ActivityCtx) {
    ctx.cancelled().await;
}

/// The workflow of `interop/local_activities.py`.
#[derive(Default)]
struct Ledger;

#[workflow]
impl Ledger {
    #[run]
    async fn run(&mut self, ctx: &Ctx, name: String, timers: bool) -> Result<String> {
        let mut said = vec![greet::call(ctx, name).local().await?];
        let later = slow::call(ctx).local().start();
        said.push(greet::call(ctx, "first").local().await?);
        self.pause(ctx, timers).await?;
        said.push(later.await?.to_string());
        let attempts = flaky::call(ctx)
            .local()
            .retry(Retry::attempts(5).initial_interval(millis(20)))
            .local_retry_threshold(if timers { millis(5) } else { secs(1) })
            .await?;
        said.push(attempts.to_string());
        if refuse::call(ctx).local().await.is_err() {
            said.push("refused".to_owned());
        }
        let mut held = hang::call(ctx).local().start();
        said.push(greet::call(ctx, "last").local().await?);
        held.cancel();
        if held.await.is_err_and(|error| error.is_cancelled()) {
            said.push("cancelled".to_owned());
        }
        self.pause(ctx, timers).await?;
        Ok(said.join("; "))
    }

    /// Ends the workflow task.
    async fn pause(&mut self, ctx: &Ctx, timers: bool) -> Result<()> {
        if timers {
            ctx.sleep(millis(10)).await?;
        } else {
            greet::call(ctx, "pause").await?;
        }
        Ok(())
    }
}

const SAID: &str = "Hello, Bob; Hello, first; 7; 3; refused; Hello, last; cancelled";

const PROGRAM: &str = "local_activities.py";

async fn a_history_of_python_replays_in_durably(world: &World) -> Result<()> {
    let id = unique("ledger");
    let Some(said) = python_output(PROGRAM, world, &["run", &id]).await? else {
        return Ok(());
    };
    assert_eq!(said, SAID);
    let history = world.client.handle(&id).history().await?;
    Replayer::new().workflow::<Ledger>().replay(history)?;
    Ok(())
}

async fn a_history_of_durably_replays_in_python(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Ledger>()
        .activity::<greet>()
        .activity::<slow>()
        .activity::<flaky>()
        .activity::<refuse>()
        .activity::<hang>()
        .spawn()
        .await?;
    let id = unique("ledger");
    let handle = Ledger::start(&world.client, "Bob", true)
        .id(&id)
        .task_queue(&world.queue)
        .await?;
    assert_eq!(handle.result().await?, SAID);
    let history = handle.history().await?;
    Replayer::new().workflow::<Ledger>().replay(history)?;
    python_output(PROGRAM, world, &["replay", &id]).await?;
    worker.shutdown().await
}

on_both_servers! {
    a_history_of_python_replays_in_durably
    a_history_of_durably_replays_in_python
}

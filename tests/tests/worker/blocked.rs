//! Runs that block their executor thread: the worker reports them and serves the other runs.

use durably::prelude::*;
use durably_tests::{World, eventually, on_both_servers};

/// Blocks its thread, which workflow code must not do.
#[derive(Default)]
struct Blocking;

#[workflow]
impl Blocking {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(millis(1)).await?;
        #[allow_nondeterminism(reason = "the test needs a run that blocks")]
        std::thread::sleep(secs(4));
        Ok(())
    }
}

/// Ends at once.
#[derive(Default)]
struct Quick;

#[workflow]
impl Quick {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(millis(1)).await?;
        Ok(())
    }
}

/// Loops without waiting for anything.
#[derive(Default)]
struct Looping;

#[workflow]
impl Looping {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        loop {
            ctx.sleep(secs(0)).await?;
        }
    }
}

on_both_servers! {
    a_run_that_blocks_its_thread_is_reported_with_its_place
    runs_that_loop_without_waiting_do_not_stop_a_worker
}

async fn runs_that_loop_without_waiting_do_not_stop_a_worker(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .executor_threads(2)
        .deadlock_timeout(millis(500))
        .workflow::<Looping>()
        .workflow::<Quick>()
        .spawn()
        .await?;
    let mut looping = Vec::new();
    for _ in 0..4 {
        let start = Looping::start(&world.client).task_queue(&world.queue);
        looping.push(start.await?);
    }
    for run in &looping {
        let text = eventually("the report", || async {
            let history = run.history().await.ok()?.to_string();
            history.contains("WorkflowTaskFailed").then_some(history)
        })
        .await;
        assert!(text.contains("blocked.rs"), "{text}");
    }
    for _ in 0..8 {
        Quick::start(&world.client)
            .task_queue(&world.queue)
            .result()
            .await?;
    }
    for run in looping {
        run.terminate("seen").await?;
    }
    worker.shutdown().await
}

async fn a_run_that_blocks_its_thread_is_reported_with_its_place(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Blocking>()
        .workflow::<Quick>()
        .spawn()
        .await?;
    let blocked = Blocking::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    let text = eventually("the report", || async {
        let history = blocked.history().await.ok()?.to_string();
        history.contains("WorkflowTaskFailed").then_some(history)
    })
    .await;
    assert!(
        text.contains("blocked") && text.contains("blocked.rs"),
        "{text}"
    );
    for _ in 0..8 {
        Quick::start(&world.client)
            .task_queue(&world.queue)
            .result()
            .await?;
    }
    blocked.terminate("seen").await?;
    worker.shutdown().await
}

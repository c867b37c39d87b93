//! The stack trace of a workflow: the file and line of everything that it waits for.

use std::fs;

use durably::{
    prelude::*,
    workflow::{Lock, Semaphore, join8},
};
use durably_tests::{World, eventually, on_both_servers, unique};

/// Runs until it is stopped.
#[activity(start_to_close = "1m")]
async fn hold(ctx: &ActivityCtx) -> Result<String> {
    ctx.cancelled().await;
    Err(Cancelled.into())
}

#[derive(Default)]
struct Child;

#[workflow]
impl Child {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        Ok(ctx.sleep(hours(1)).await?)
    }
}

const SPAWN: &str = "ctx.spawn(async move { spawned.sleep(hours(2)).await })";

/// Waits in all ways at once.
struct Depot {
    gate: Lock,
    ramps: Semaphore,
    open: bool,
    waits: u32,
}

#[workflow]
impl Depot {
    #[init]
    fn new(id: String) -> Self {
        drop(id);
        Self {
            gate: Lock::new(),
            ramps: Semaphore::new(1),
            open: false,
            waits: 0,
        }
    }

    #[run]
    async fn run(&mut self, ctx: &Ctx, id: String) -> Result<()> {
        let _gate = self.gate.acquire(ctx).await?;
        let _ramp = self.ramps.acquire(ctx).await?;
        let child = Child::child(ctx).id(&id).start().await?;
        let spawned = ctx.clone();
        let spawned = ctx.spawn(async move { spawned.sleep(hours(2)).await });
        let activity = hold::call(ctx).task_queue("nobody polls this queue");
        let local = hold::call(ctx).local();
        let child = child.result();
        let condition = ctx.wait_until(|| self.open);
        let cancelled = ctx.cancelled();
        let timer = ctx.sleep(hours(3));
        let ramp = self.ramps.acquire(ctx);
        self.waits += 1;
        let _ = join8(
            activity, local, child, condition, cancelled, timer, ramp, spawned,
        )
        .await;
        Ok(())
    }

    #[signal]
    async fn arrive(&mut self, ctx: &Ctx) -> Result<()> {
        self.waits += 1;
        ctx.wait_until(|| self.open).timeout(hours(4)).await?;
        Ok(())
    }

    #[update]
    async fn load(&mut self, ctx: &Ctx) -> Result<()> {
        self.waits += 1;
        let _gate = self.gate.acquire(ctx).await?;
        Ok(())
    }

    #[query]
    fn waits(&self) -> u32 {
        self.waits
    }
}

on_both_servers! {
    a_stack_trace_has_the_line_of_everything_that_a_run_waits_for
}

async fn a_stack_trace_has_the_line_of_everything_that_a_run_waits_for(
    world: &World,
) -> Result<()> {
    let worker = world.worker().workflow::<Depot>().workflow::<Child>();
    let worker = worker.activity::<hold>().spawn().await?;
    let depot = Depot::start(&world.client, unique("child"))
        .id(unique("depot"))
        .task_queue(&world.queue)
        .await?;
    depot.arrive().await?;
    // Then the run has the gate.
    eventually("the run to wait", || async {
        (depot.waits().await.ok()? == 2).then_some(())
    })
    .await;
    let update = depot.load().accepted().await?;
    let trace = eventually("all to wait", || async {
        (depot.waits().await.ok()? == 3).then_some(())?;
        let trace = depot.untyped().query::<String>("__stack_trace", ());
        trace.await.ok()
    })
    .await;
    let file = file!();
    let source = ["../", ""].map(|to| fs::read_to_string(format!("{to}{file}")));
    let source = source.into_iter().find_map(Result::ok);
    let source = source.expect("the source is here");
    let lines: Vec<&str> = source.lines().collect();
    let mut found = Vec::new();
    let mut texts = trace.lines();
    while let (Some(what), Some(place)) = (texts.next(), texts.next()) {
        let place = place.trim().strip_prefix("at ").expect("a place");
        let (place, _column) = place.rsplit_once(':').expect("a column");
        let (at, line) = place.rsplit_once(':').expect("a line");
        assert_eq!(at, file, "{what}");
        let line: usize = line.parse()?;
        found.push((what.to_owned(), lines[line - 1].to_owned()));
    }
    let expected = [
        ("`Depot`", ".await;"),
        ("a lock", "let _gate = self.gate.acquire(ctx).await?;"),
        ("a semaphore", "let ramp = self.ramps.acquire(ctx);"),
        ("a spawned future", SPAWN),
        ("activity `hold`", "let activity = hold::call(ctx)"),
        ("cancelled", "let cancelled = ctx.cancelled();"),
        ("child workflow `Child`", "Child::child(ctx)"),
        (
            "local activity `hold`",
            "let local = hold::call(ctx).local();",
        ),
        (
            "signal handler `arrive`",
            "ctx.wait_until(|| self.open).timeout(hours(4))",
        ),
        ("sleep(10800s)", "let timer = ctx.sleep(hours(3));"),
        (
            "sleep(14400s)",
            "ctx.wait_until(|| self.open).timeout(hours(4))",
        ),
        ("sleep(7200s)", SPAWN),
        ("the future spawned at ", SPAWN),
        (
            "update handler `load`",
            "let _gate = self.gate.acquire(ctx).await?;",
        ),
        (
            "wait_until",
            "ctx.wait_until(|| self.open).timeout(hours(4))",
        ),
        (
            "wait_until",
            "let condition = ctx.wait_until(|| self.open);",
        ),
    ];
    assert_eq!(found.len(), expected.len(), "{trace}");
    for (what, code) in expected {
        let is_there =
            |(found, line): &(String, String)| found.starts_with(what) && line.contains(code);
        assert!(found.iter().any(is_there), "{what}: {code} in {trace}");
    }
    drop(update);
    depot.terminate("seen").await?;
    worker.shutdown().await
}

//! Signals: order, early arrival, async handlers and undecodable ones.

use durably::prelude::*;
use durably_tests::{World, on_both_servers, unique};

/// Collects what it is told, in order.
#[derive(Default)]
struct Inbox {
    seen: Vec<String>,
    total: u64,
    done: bool,
}

#[workflow]
impl Inbox {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<(Vec<String>, u64)> {
        ctx.wait_until(|| self.done).await?;
        ctx.wait_until(|| ctx.handlers_finished()).await?;
        Ok((self.seen.clone(), self.total))
    }

    #[signal]
    fn tell(&mut self, what: String) {
        self.seen.push(what);
    }

    #[signal(name = "Add Up")]
    fn add(&mut self, a: u64, b: u64, c: Option<u64>) {
        self.total += a + b + c.unwrap_or(0);
    }

    #[signal]
    async fn tell_later(&mut self, ctx: &Ctx, what: String) -> Result<()> {
        ctx.sleep(millis(50)).await?;
        self.seen.push(what);
        Ok(())
    }

    #[signal]
    fn finish(&mut self) {
        self.done = true;
    }
}

on_both_servers! {
    signals_arrive_in_order_with_all_their_arguments
    signals_sent_before_a_worker_runs_are_kept
    async_handlers_finish_before_the_run_ends
    unknown_and_undecodable_signals_do_not_wedge_the_run
    signal_with_start_signals_a_running_workflow_and_starts_a_missing_one
}

async fn signals_arrive_in_order_with_all_their_arguments(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Inbox>().spawn().await?;
    let handle = Inbox::start(&world.client).task_queue(&world.queue).await?;
    for word in ["a", "b", "c"] {
        handle.tell(word).await?;
    }
    handle.add(1, 2, Some(4)).await?;
    world
        .client
        .handle(handle.id())
        .signal("Add Up", (8, 16))
        .await?;
    handle.finish().await?;
    assert_eq!(
        handle.result().await?,
        (vec!["a".into(), "b".into(), "c".into()], 31)
    );
    worker.shutdown().await
}

async fn signals_sent_before_a_worker_runs_are_kept(world: &World) -> Result<()> {
    let handle = Inbox::start(&world.client).task_queue(&world.queue).await?;
    for n in 0..50 {
        handle.tell(n.to_string()).await?;
    }
    Inbox::handle(&world.client, handle.id()).finish().await?;
    let worker = world.worker().workflow::<Inbox>().spawn().await?;
    let expected: Vec<_> = (0..50).map(|n| n.to_string()).collect();
    assert_eq!(handle.result().await?.0, expected);
    worker.shutdown().await
}

async fn async_handlers_finish_before_the_run_ends(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Inbox>().spawn().await?;
    let handle = Inbox::start(&world.client).task_queue(&world.queue).await?;
    handle.tell_later("later").await?;
    handle.tell("now").await?;
    handle.finish().await?;
    assert_eq!(handle.result().await?.0, ["now", "later"]);
    worker.shutdown().await
}

async fn unknown_and_undecodable_signals_do_not_wedge_the_run(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Inbox>().spawn().await?;
    let handle = Inbox::start(&world.client).task_queue(&world.queue).await?;
    let untyped = world.client.handle(handle.id());
    untyped.signal("no such signal", ("x",)).await?;
    untyped.signal("tell", (42,)).await?;
    untyped.signal("Add Up", ("one", "two")).await?;
    handle.tell("still here").await?;
    handle.finish().await?;
    assert_eq!(handle.result().await?, (vec!["still here".into()], 0));
    worker.shutdown().await
}

async fn signal_with_start_signals_a_running_workflow_and_starts_a_missing_one(
    world: &World,
) -> Result<()> {
    let worker = world.worker().workflow::<Inbox>().spawn().await?;
    let id = unique("inbox");
    let mut runs = Vec::new();
    for word in ["first", "second"] {
        let handle = Inbox::start(&world.client)
            .id(&id)
            .task_queue(&world.queue)
            .with_signal(|inbox| inbox.tell(word))
            .await?;
        runs.push(handle.run_id().map(str::to_owned));
    }
    assert!(runs[0].is_some());
    assert_eq!(runs[0], runs[1]);
    let handle = Inbox::handle(&world.client, &id);
    handle.finish().await?;
    assert_eq!(handle.result().await?.0, ["first", "second"]);
    worker.shutdown().await
}

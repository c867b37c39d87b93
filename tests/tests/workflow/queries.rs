//! Queries of running and closed workflows, and their errors.

use durably::prelude::*;
use durably_tests::{World, on_both_servers};

/// Holds a number that can be asked for.
struct Gauge {
    value: i64,
    stop: bool,
}

#[workflow]
impl Gauge {
    #[init]
    fn new(start: i64) -> Self {
        Self {
            value: start,
            stop: false,
        }
    }

    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<i64> {
        ctx.wait_until(|| self.stop).await?;
        Ok(self.value)
    }

    #[signal]
    fn set(&mut self, value: i64) {
        self.value = value;
    }

    #[signal]
    fn stop(&mut self) {
        self.stop = true;
    }

    #[query]
    fn value(&self) -> i64 {
        self.value
    }

    #[query(name = "scaled value")]
    fn scaled(&self, view: &View, by: i64, note: Option<String>) -> Result<String> {
        if by == 0 {
            bail!("cannot scale by zero");
        }
        let id = view.workflow_id().len();
        Ok(format!(
            "{}{} {}",
            self.value * by,
            note.unwrap_or_default(),
            id > 0
        ))
    }
}

on_both_servers! {
    queries_answer_from_the_state_of_a_running_workflow
    queries_answer_on_a_closed_workflow_and_after_a_worker_restart
    a_failing_query_gives_its_error_and_leaves_no_trace
    an_unknown_query_names_the_known_ones
    an_undecodable_query_argument_is_named
}

async fn queries_answer_from_the_state_of_a_running_workflow(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Gauge>().spawn().await?;
    let handle = Gauge::start(&world.client, 7)
        .task_queue(&world.queue)
        .await?;
    assert_eq!(handle.value().await?, 7);
    handle.set(9).await?;
    assert_eq!(handle.value().await?, 9);
    assert_eq!(handle.scaled(3, None).await?, "27 true");
    let untyped = world.client.handle(handle.id());
    assert_eq!(
        untyped.query::<String>("scaled value", (2, "!")).await?,
        "18! true"
    );
    handle.stop().await?;
    assert_eq!(handle.result().await?, 9);
    worker.shutdown().await
}

async fn queries_answer_on_a_closed_workflow_and_after_a_worker_restart(
    world: &World,
) -> Result<()> {
    let worker = world.worker().workflow::<Gauge>().spawn().await?;
    let handle = Gauge::start(&world.client, 1)
        .task_queue(&world.queue)
        .await?;
    handle.set(2).await?;
    assert_eq!(handle.value().await?, 2);
    worker.shutdown().await?;

    let worker = world.worker().workflow::<Gauge>().spawn().await?;
    assert_eq!(handle.value().await?, 2);
    handle.stop().await?;
    assert_eq!(handle.result().await?, 2);
    assert_eq!(handle.value().await?, 2);
    worker.shutdown().await?;

    let worker = world.worker().workflow::<Gauge>().spawn().await?;
    assert_eq!(handle.value().await?, 2);
    worker.shutdown().await
}

async fn a_failing_query_gives_its_error_and_leaves_no_trace(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Gauge>().spawn().await?;
    let handle = Gauge::start(&world.client, 1)
        .task_queue(&world.queue)
        .await?;
    assert_eq!(handle.value().await?, 1);
    let before = handle.history().await?.len();
    let error = handle.scaled(0, None).await.unwrap_err().to_string();
    assert!(error.contains("cannot scale by zero"), "{error}");
    assert_eq!(handle.history().await?.len(), before);
    assert_eq!(handle.value().await?, 1);
    handle.stop().await?;
    worker.shutdown().await
}

async fn an_unknown_query_names_the_known_ones(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Gauge>().spawn().await?;
    let handle = Gauge::start(&world.client, 1)
        .task_queue(&world.queue)
        .await?;
    let untyped = world.client.handle(handle.id());
    let error = untyped
        .query::<i64>("valeu", ())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("valeu") && error.contains("scaled value"),
        "{error}"
    );
    handle.stop().await?;
    worker.shutdown().await
}

async fn an_undecodable_query_argument_is_named(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Gauge>().spawn().await?;
    let handle = Gauge::start(&world.client, 1)
        .task_queue(&world.queue)
        .await?;
    let untyped = world.client.handle(handle.id());
    let error = untyped
        .query::<String>("scaled value", ("three",))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("`by`") && error.contains("i64"), "{error}");
    handle.stop().await?;
    worker.shutdown().await
}

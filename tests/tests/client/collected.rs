//! Whatever can be awaited can be spawned, collected and raced.

use std::time::Duration;

use durably::{client::UpdateHandle, prelude::*, worker::WorkerGuard};
use durably_tests::{World, on_both_servers, unique};
use futures::{
    StreamExt, TryStreamExt,
    future::{join_all, try_join_all},
};
use tokio::task::JoinSet;

#[derive(Default)]
struct Counter {
    count: u32,
    done: bool,
}

#[workflow]
impl Counter {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        ctx.wait_until(|| self.done).await?;
        Ok(self.count)
    }

    #[signal]
    fn add(&mut self, n: u32) {
        self.count += n;
    }

    #[update]
    fn add_now(&mut self, n: u32) -> u32 {
        self.count += n;
        self.count
    }

    #[query]
    fn count(&self) -> u32 {
        self.count
    }

    #[signal]
    fn finish(&mut self) {
        self.done = true;
    }
}

async fn start(world: &World) -> Result<(Handle<Counter>, WorkerGuard)> {
    let worker = world.worker().workflow::<Counter>().spawn().await?;
    let counter = Counter::start(&world.client)
        .id(unique("counter"))
        .task_queue(&world.queue)
        .await?;
    Ok((counter, worker))
}

on_both_servers! {
    calls_of_a_handle_are_collected
    everything_that_can_be_awaited_can_be_spawned
}

async fn calls_of_a_handle_are_collected(world: &World) -> Result<()> {
    let (counter, worker) = start(world).await?;
    try_join_all((0..10).map(|_| counter.add(1))).await?;
    for sent in join_all((0..10).map(|_| counter.untyped().signal("add", (1,)))).await {
        sent?;
    }
    let mut updates = JoinSet::new();
    for _ in 0..10 {
        updates.spawn(counter.add_now(1));
    }
    let mut counts: Vec<u32> = updates
        .join_all()
        .await
        .into_iter()
        .collect::<Result<_, _>>()?;
    counts.sort_unstable();
    assert_eq!(counts, (21..=30).collect::<Vec<_>>());
    let queries = (0..3).map(|_| counter.count().timeout(secs(20)));
    assert_eq!(try_join_all(queries).await?, [30; 3]);
    counter.finish().await?;
    worker.shutdown().await
}

/// As `tokio::spawn` asks for it.
async fn spawned<F>(awaitable: F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(awaitable).await.expect("it does not panic")
}

async fn everything_that_can_be_awaited_can_be_spawned(world: &World) -> Result<()> {
    let client = &world.client;
    spawned(Client::builder(world.address())).await?;
    spawned(Client::builder(world.address()).connect()).await?;
    spawned(Client::connect(world.address())).await?;

    let (counter, worker) = start(world).await?;
    spawned(counter.add(1)).await?;
    assert_eq!(spawned(counter.count()).await?, 1);
    assert_eq!(spawned(counter.add_now(1)).await?, 2);
    let update: UpdateHandle<u32> = spawned(counter.add_now(1).id("third").accepted()).await?;
    assert_eq!(spawned(update.result()).await?, 3);
    let untyped = client.handle(counter.id());
    let update = untyped.update_handle::<u32>("third");
    assert_eq!(spawned(update.result()).await?, 3);
    assert_eq!(
        spawned(counter.describe()).await?.workflow_id,
        spawned(untyped.describe()).await?.workflow_id
    );
    let (some, more) = tokio::join!(spawned(counter.history()), spawned(untyped.history()));
    assert!(some?.len() > 3 && more?.len() > 3);
    spawned(client.count("WorkflowType = 'Counter'")).await?;
    spawned(client.list("").take(1).try_collect::<Vec<_>>()).await?;

    let started = Counter::start(client).task_queue(&world.queue);
    let other = spawned(started.with_signal(|it| it.finish())).await?;
    assert_eq!(spawned(other.result()).await?, 0);
    let started = Counter::start(client)
        .id(unique("counter"))
        .task_queue(&world.queue)
        .with_update(|it| it.add_now(5));
    let (other, five) = spawned(started).await?;
    assert_eq!(spawned(five.result()).await?, 5);
    spawned(other.terminate("enough")).await?;
    spawned(counter.cancel()).await?;
    let waited = tokio::time::timeout(Duration::from_secs(20), spawned(untyped.result::<u32>()));
    assert!(waited.await?.unwrap_err().is_cancelled());
    let by_name = client
        .start("Counter", ())
        .task_queue(&world.queue)
        .with_signal("finish", ());
    assert_eq!(spawned(by_name.result::<u32>()).await?, 0);
    worker.shutdown().await
}

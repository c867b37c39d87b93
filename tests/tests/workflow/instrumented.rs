//! `#[tracing::instrument]` in a workflow: a span for each call, and none again when it is replayed.

use durably::prelude::*;
use durably_tests::{World, on_both_servers, told::Told};

#[derive(Debug)]
struct Traced {
    id: String,
    n: u64,
    names: Vec<String>,
    done: bool,
}

#[workflow]
impl Traced {
    #[init]
    fn new(id: String) -> Self {
        let (n, names, done) = (0, Vec::new(), false);
        Self { id, n, names, done }
    }

    #[run]
    #[tracing::instrument(skip(self, ctx), fields(queue = ctx.task_queue()))]
    async fn run(&mut self, ctx: &Ctx, id: String) -> Result<u64> {
        ctx.wait_until(|| self.done).await?;
        ctx.wait_until(|| ctx.handlers_finished()).await?;
        self.total(ctx, 2).await
    }

    #[tracing::instrument(
        level = "debug",
        skip_all,
        fields(id = self.id.as_str(), names = ?self.names, first = %self.names[0]),
        ret,
        err
    )]
    async fn total(&mut self, ctx: &Ctx, count: usize) -> Result<u64> {
        ctx.sleep(millis(1)).await?;
        match self.names.len() == count {
            true => Ok(self.n),
            false => bail!("not {count} names"),
        }
    }

    #[update]
    #[tracing::instrument(skip(self, ctx), fields(id = self.id, n = self.n))]
    async fn add(&mut self, ctx: &Ctx, by: u64) -> Result<()> {
        tracing::info!("adding");
        ctx.sleep(millis(1)).await?;
        self.n += by;
        tracing::info!(n = self.n, "added");
        Ok(())
    }

    #[tracing::instrument(skip(ctx), fields(id = self.id), err)]
    #[update]
    async fn name(&mut self, ctx: &Ctx, name: String) -> Result<usize> {
        ctx.sleep(millis(1)).await?;
        if name.is_empty() {
            bail!("no name");
        }
        self.names.push(name);
        Ok(self.names.len())
    }

    #[query]
    #[tracing::instrument(skip(self), fields(id = self.id), ret)]
    fn count(&self) -> u64 {
        self.n
    }

    #[signal]
    #[tracing::instrument(name = "end", skip_all, fields(id = self.id))]
    async fn finish(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(millis(1)).await?;
        self.done = true;
        Ok(())
    }
}

on_both_servers! {
    instrumented_methods_have_their_spans_and_a_replay_is_silent
}

async fn instrumented_methods_have_their_spans_and_a_replay_is_silent(world: &World) -> Result<()> {
    Told::listen();
    let id = world.queue.clone();
    let worker = world.worker().workflow::<Traced>().spawn().await?;
    let handle = Traced::start(&world.client, &id)
        .id(&id)
        .task_queue(&world.queue)
        .await?;
    assert_eq!(handle.count().await?, 0);
    assert_eq!(handle.name("Ann").await?, 1);
    handle.add(7).await?;
    assert_eq!(handle.count().await?, 7);
    handle.name("").await.expect_err("no name");
    worker.shutdown().await?;

    // A worker that does not have the run in its cache replays it.
    let worker = world.worker().workflow::<Traced>().spawn().await?;
    assert_eq!(handle.name("Bob").await?, 2);
    handle.finish().await?;
    assert_eq!(handle.result().await?, 7);
    worker.shutdown().await?;

    let state = |n: u64, names: &str| {
        format!("self=Traced {{ id: \"{id}\", n: {n}, names: {names}, done: false }}")
    };
    let expected = [
        format!("span run id=\"{id}\" queue=\"{id}\""),
        format!("span count id=\"{id}\""),
        "count: return=0".into(),
        format!("span name name=\"Ann\" {} id=\"{id}\"", state(0, "[]")),
        format!("span add by=7 id=\"{id}\" n=0"),
        "add: message=adding".into(),
        "add: message=added n=7".into(),
        format!("span count id=\"{id}\""),
        "count: return=7".into(),
        format!("span name name=\"\" {} id=\"{id}\"", state(7, "[\"Ann\"]")),
        "name: error=no name".into(),
        format!(
            "span name name=\"Bob\" {} id=\"{id}\"",
            state(7, "[\"Ann\"]")
        ),
        format!("span end id=\"{id}\""),
        format!("span total id=\"{id}\" names=[\"Ann\", \"Bob\"] first=Ann"),
        "total: return=7".into(),
    ];
    assert_eq!(Told::of(&id), expected);
    Ok(())
}

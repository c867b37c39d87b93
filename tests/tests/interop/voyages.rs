//! Timers between commands of all kinds: durably and the Python SDK replay and continue each other's histories.

use durably::{prelude::*, replay::Replayer, worker::WorkerGuard};
use durably_tests::{World, eventually, on_both_servers, unique};

use super::payloads::python_output;

#[activity(start_to_close = "10s")]
async fn weigh(grams: u64) -> u64 {
    grams + 1
}

#[activity(start_to_close = "10s")]
async fn sound(ctx: &ActivityCtx) -> Result<u32> {
    if ctx.attempt() < 3 {
        bail!("attempt {} fails", ctx.attempt());
    }
    Ok(ctx.attempt())
}

#[derive(Default)]
struct Pilot;

#[workflow]
impl Pilot {
    #[run]
    async fn run(&mut self, ctx: &Ctx, ship: String) -> Result<String> {
        ctx.sleep(millis(10)).await?;
        Ok(format!("{ship} has a pilot"))
    }
}

const TOLLS: Patch = Patch::new("tolls");
const LIGHTS: Patch = Patch::new("lights");

/// The workflow of `interop/voyages.py`.
#[derive(Default)]
struct Voyage {
    log: Vec<String>,
    lock_is_open: bool,
}

#[workflow]
impl Voyage {
    #[run]
    async fn run(&mut self, ctx: &Ctx, ship: String) -> Result<String> {
        let weight = weigh::call(ctx, 41).await?;
        self.log.push(weight.to_string());
        ctx.sleep(millis(10)).await?;
        if ctx.patched(TOLLS) {
            self.log.push("tolls".to_owned());
            ctx.sleep(millis(10)).await?;
        }
        let id = format!("{}-pilot", ctx.workflow_id());
        let pilot = Pilot::child(ctx, ship).id(id).await?;
        self.log.push(pilot);
        ctx.sleep(millis(10)).await?;
        let depth = sound::call(ctx)
            .local()
            .retry(Retry::attempts(5).initial_interval(millis(20)))
            .local_retry_threshold(millis(5))
            .await?;
        self.log.push(depth.to_string());
        // Holds at once: its timer is counted, and not started.
        ctx.wait_until(|| !self.log.is_empty())
            .timeout(mins(1))
            .await?;
        let load = weigh::call(ctx, 7).start();
        self.log.push("waits".to_owned());
        ctx.wait_until(|| self.lock_is_open)
            .timeout(mins(1))
            .await?;
        self.log.push(load.await?.to_string());
        ctx.sleep(millis(10)).await?;
        if ctx.patched(LIGHTS) {
            let lights = weigh::call(ctx, 1).await?;
            self.log.push(lights.to_string());
        }
        ctx.sleep(millis(10)).await?;
        Ok(self.log.join("; "))
    }

    #[signal]
    fn open_lock(&mut self) {
        self.lock_is_open = true;
    }
}

const LOG: &str = "42; tolls; Anna has a pilot; 3; waits; 8; 2";

const PROGRAM: &str = "voyages.py";

async fn worker(world: &World) -> Result<WorkerGuard> {
    world
        .worker()
        .workflow::<Voyage>()
        .workflow::<Pilot>()
        .activity::<weigh>()
        .activity::<sound>()
        .spawn()
        .await
}

async fn begin(world: &World, id: &str) -> Result<Handle<Voyage>> {
    let voyage = Voyage::start(&world.client, "Anna")
        .id(id)
        .task_queue(&world.queue)
        .await?;
    // Both activities before the lock have completed.
    eventually("the ship waits", || async {
        let history = voyage.history().await.ok()?;
        let events = history.events().iter();
        let completed = events.filter(|event| event.name() == "ActivityTaskCompleted");
        (completed.count() == 2).then_some(())
    })
    .await;
    Ok(voyage)
}

/// Replays the voyage and its pilot here and in Python.
async fn replay_in_both(world: &World, id: &str) -> Result<()> {
    for id in [id, &format!("{id}-pilot")] {
        let history = world.client.handle(id).history().await?;
        let events = history.len();
        Replayer::new()
            .workflow::<Voyage>()
            .workflow::<Pilot>()
            .replay(history)?;
        let replayed = python_output(PROGRAM, world, &["replay", id]).await?;
        assert!(replayed.is_none_or(|it| it == events.to_string()));
    }
    Ok(())
}

async fn a_voyage_of_durably_replays_in_python(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let id = unique("voyage");
    let voyage = begin(world, &id).await?;
    voyage.open_lock().await?;
    assert_eq!(voyage.result().await?, LOG);
    worker.shutdown().await?;
    replay_in_both(world, &id).await
}

async fn a_voyage_of_python_replays_in_durably(world: &World) -> Result<()> {
    let id = unique("voyage");
    match python_output(PROGRAM, world, &["run", &id]).await? {
        Some(log) => assert_eq!(log, LOG),
        None => return Ok(()),
    }
    replay_in_both(world, &id).await
}

async fn a_voyage_of_durably_is_finished_by_python(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let id = unique("voyage");
    let voyage = begin(world, &id).await?;
    worker.shutdown().await?;
    match python_output(PROGRAM, world, &["finish", &id]).await? {
        Some(log) => assert_eq!(log, LOG),
        None => {
            return voyage
                .terminate("there is no Python")
                .await
                .map_err(Into::into);
        }
    }
    replay_in_both(world, &id).await
}

async fn a_voyage_of_python_is_finished_by_durably(world: &World) -> Result<()> {
    let id = unique("voyage");
    let begun = python_output(PROGRAM, world, &["begin", &id]).await?;
    if begun.is_none() {
        return Ok(());
    }
    let worker = worker(world).await?;
    let voyage = world.client.handle(&id).typed::<Voyage>();
    voyage.open_lock().await?;
    assert_eq!(voyage.result().await?, LOG);
    worker.shutdown().await?;
    replay_in_both(world, &id).await
}

on_both_servers! {
    a_voyage_of_durably_replays_in_python
    a_voyage_of_python_replays_in_durably
    a_voyage_of_durably_is_finished_by_python
    a_voyage_of_python_is_finished_by_durably
}

//! Workers and servers that are killed mid-run: no event is lost.

use std::{process::Command, sync::Arc};

use durably::{prelude::*, replay::Replayer};
use durably_tests::{
    World,
    crunch::{Crunch, crunch, sum},
    eventually,
    ledger::Ledger,
    on_both_servers,
    process::{Process, free_port, real_server, tool},
    trip::Trip,
    unique,
};
use tokio::sync::{Semaphore, mpsc};

const STEPS: u32 = 20;

on_both_servers! {
    a_worker_killed_mid_run_loses_nothing
    a_local_activity_of_a_killed_worker_runs_again_elsewhere
    compensations_survive_a_crash_between_any_two_of_them
}

/// Reports each seat that is given back, and blocks until the test continues.
struct Desk {
    returned: mpsc::UnboundedSender<u32>,
    may_return: Arc<Semaphore>,
}

#[activities]
impl Desk {
    #[activity]
    async fn book(&self, seat: u32) -> u32 {
        seat
    }

    #[activity]
    async fn give_back(&self, seat: u32) -> Result<()> {
        let _ = self.returned.send(seat);
        let permit = self.may_return.acquire().await;
        permit.expect("the test keeps the semaphore open").forget();
        Ok(())
    }
}

/// Sleeps, and returns for how long.
#[derive(Default)]
struct Sleeper;

#[workflow]
impl Sleeper {
    #[run]
    async fn run(&mut self, ctx: &Ctx, seconds: u64) -> Result<u64> {
        let before = ctx.now();
        ctx.sleep(secs(seconds)).await?;
        Ok(ctx.now().duration_since(before)?.as_secs())
    }
}

fn worker_process(address: &str, queue: &str) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_test-worker"));
    command.arg(address).arg(queue);
    Process::start(command, "ready")
}

async fn a_worker_killed_mid_run_loses_nothing(world: &World) -> Result<()> {
    let worker = worker_process(&world.address(), &world.queue);
    let handle = Crunch::start(&world.client, STEPS)
        .task_queue(&world.queue)
        .await?;
    eventually("a few steps", || async {
        handle.done().await.ok().filter(|done| *done >= 3)
    })
    .await;
    worker.kill();
    let _worker = worker_process(&world.address(), &world.queue);
    assert_eq!(handle.result().await?, sum(STEPS));
    Ok(())
}

async fn a_local_activity_of_a_killed_worker_runs_again_elsewhere(world: &World) -> Result<()> {
    let folder = std::env::temp_dir().join(unique("ledger"));
    std::fs::create_dir(&folder)?;
    let hold = folder.join("hold");
    std::fs::write(&hold, "")?;
    let entries = || std::fs::read_to_string(folder.join("entries")).unwrap_or_default();
    let killed = worker_process(&world.address(), &world.queue);
    // The server notices by this timeout that the worker is gone; it prolongs the task while the worker lives.
    let run = Ledger::start(&world.client, folder.display().to_string())
        .task_queue(&world.queue)
        .task_timeout(secs(2))
        .await?;
    eventually("the activity begins", || async {
        (entries().lines().count() == 1).then_some(())
    })
    .await;
    killed.kill();
    std::fs::remove_file(&hold)?;
    let _next = worker_process(&world.address(), &world.queue);
    assert_eq!(run.result().await?, 2);
    let entries = entries();
    let processes: Vec<&str> = entries.lines().collect();
    assert_ne!(processes[0], processes[1], "another process ran it again");

    // Its result is recorded once, by the task after the one that the killed worker had.
    let history = run.history().await?;
    let names: Vec<_> = history.events().iter().map(|it| it.name()).collect();
    let count = |name: &str| names.iter().filter(|it| **it == name).count();
    assert_eq!(count("WorkflowTaskTimedOut"), 1, "{names:?}");
    assert_eq!(count("MarkerRecorded"), 1, "{names:?}");
    Replayer::new().workflow::<Ledger>().replay(history)?;
    Ok(std::fs::remove_dir_all(folder)?)
}

async fn compensations_survive_a_crash_between_any_two_of_them(world: &World) -> Result<()> {
    const SEATS: u32 = 3;
    let desk = unique("desk");
    let (returned, mut returns) = mpsc::unbounded_channel();
    let may_return = Arc::new(Semaphore::new(0));
    let activities = Desk {
        returned,
        may_return: Arc::clone(&may_return),
    };
    let clerk = Worker::new(&world.client, &desk);
    let clerk = clerk.activities(activities).spawn().await?;
    let mut worker = worker_process(&world.address(), &world.queue);
    let start = Trip::start(&world.client, &desk, SEATS).task_queue(&world.queue);
    let trip = start.await?;
    for seat in (0..SEATS).rev() {
        assert_eq!(returns.recv().await, Some(seat));
        // This compensation completes while no worker runs the code; a new worker resumes with the next one.
        worker.kill();
        may_return.add_permits(1);
        eventually("the end of the compensation", || async {
            let described = trip.describe().await.ok()?;
            described.pending_activities.is_empty().then_some(())
        })
        .await;
        worker = worker_process(&world.address(), &world.queue);
    }
    let error = trip.result().await.unwrap_err();
    let app = error.app().expect("the error of the workflow");
    assert_eq!((&*app.kind, &*app.message), ("SoldOut", "0 errors"));
    // Each ran once, and no workflow task failed.
    assert_eq!(returns.try_recv().ok(), None);
    let history = trip.history().await?.to_string();
    let count = |event: &str| history.matches(event).count();
    assert_eq!(count("ActivityTaskScheduled"), 6, "{history}");
    assert_eq!(count("WorkflowTaskFailed"), 0, "{history}");
    drop(worker);
    clerk.shutdown().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_and_restarted_mid_run_loses_nothing() -> Result<()> {
    let test = "a_server_killed_and_restarted_mid_run_loses_nothing";
    let Some(cli) = tool("DURABLY_TEMPORAL_CLI", test) else {
        return Ok(());
    };
    let port = free_port();
    let database = std::env::temp_dir().join(unique("temporal.db"));
    let server = real_server(&cli, port, &database).await;
    let client = Client::connect(format!("127.0.0.1:{port}")).await?;
    let worker = Worker::new(&client, "crunch")
        .workflow::<Crunch>()
        .activity::<crunch>()
        .spawn()
        .await?;
    let handle = Crunch::start(&client, STEPS).task_queue("crunch").await?;
    let waiting = tokio::spawn({
        let handle = handle.clone();
        async move { handle.result().await }
    });
    eventually("a few steps", || async {
        handle.done().await.ok().filter(|done| *done >= 3)
    })
    .await;
    server.kill();
    let _server = real_server(&cli, port, &database).await;
    let result = waiting.await.expect("the waiter does not panic")?;
    assert_eq!(result, sum(STEPS));
    worker.shutdown().await?;
    let _ = std::fs::remove_file(database);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_fires_once_after_the_real_server_was_killed_and_restarted() -> Result<()> {
    let test = "a_timer_fires_once_after_the_real_server_was_killed_and_restarted";
    let Some(cli) = tool("DURABLY_TEMPORAL_CLI", test) else {
        return Ok(());
    };
    let port = free_port();
    let database = std::env::temp_dir().join(unique("temporal.db"));
    let server = real_server(&cli, port, &database).await;
    let client = Client::connect(format!("127.0.0.1:{port}")).await?;
    let worker = Worker::new(&client, "sleepers").workflow::<Sleeper>();
    let worker = worker.spawn().await?;
    let sleeper = Sleeper::start(&client, 20).task_queue("sleepers").await?;
    let pending = eventually("the timer starts", || async {
        let history = sleeper.history().await.ok()?.to_string();
        history.contains("TimerStarted").then_some(history)
    });
    let pending = pending.await;
    server.kill();
    assert!(!pending.contains("TimerFired"), "{pending}");
    let _server = real_server(&cli, port, &database).await;
    let slept = sleeper.result().timeout(mins(2)).await?;
    assert!(slept >= 20, "{slept} s");
    let history = sleeper.history().await?.to_string();
    assert_eq!(history.matches("TimerFired").count(), 1, "{history}");
    worker.shutdown().await?;
    let _ = std::fs::remove_file(database);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_reconnects_when_the_embedded_server_comes_back() -> Result<()> {
    let port = free_port();
    let start = || durably::Server::builder().port(port).start();
    let server = start().await?;
    let client = Client::connect(format!("127.0.0.1:{port}")).await?;
    let worker = Worker::new(&client, "crunch")
        .workflow::<Crunch>()
        .activity::<crunch>()
        .spawn()
        .await?;
    let run = || async {
        Crunch::start(&client, 2)
            .task_queue("crunch")
            .result()
            .await
    };
    assert_eq!(run().await?, sum(2));
    server.shutdown().await;
    let _server = start().await?;
    let result = eventually("a run on the restarted server", || async {
        run().await.ok()
    })
    .await;
    assert_eq!(result, sum(2));
    worker.shutdown().await
}

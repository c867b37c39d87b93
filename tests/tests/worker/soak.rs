//! Workflows of all kinds while their workers are killed at random: each ends as it must.
//!
//! `SOAK=2000` runs more of them, `SOAK_SEED=7` kills at the moments of an earlier run.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use durably::{Client, Result, client::HistoryEvent, prelude::*};
use durably_tests::{
    World, eventually,
    process::{Process, free_port},
    rng::Rng,
    soak::{Soak, Work},
    unique,
};
use futures::{StreamExt, TryStreamExt, stream};

/// At most so many are open at once.
const AT_ONCE: usize = 50;
const WORKERS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn every_workflow_ends_as_it_must_on_a_database() -> Result<()> {
    let folder = std::env::temp_dir().join(unique("soak"));
    std::fs::create_dir(&folder)?;
    let port = free_port();
    let mut command = Command::new(env!("CARGO_BIN_EXE_test-server"));
    command.arg(folder.join("server.db")).arg(port.to_string());
    let server = Process::start(command, "ready");
    soak(&format!("127.0.0.1:{port}")).await?;
    drop(server);
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_workflow_ends_as_it_must_on_the_real_server() -> Result<()> {
    match World::real("every_workflow_ends_as_it_must").await? {
        Some(world) => soak(&world.address()).await,
        None => Ok(()),
    }
}

async fn soak(address: &str) -> Result<()> {
    let number = |name: &str| std::env::var(name).map(|it| it.parse().expect("a number"));
    let total = number("SOAK").unwrap_or(60);
    let seed = number("SOAK_SEED").unwrap_or_else(|_| u64::from(std::process::id()));
    println!("SOAK_SEED={seed}");
    let queue = unique("soak");
    let is_over = Arc::new(AtomicBool::new(false));
    let killer = tokio::spawn(kill_workers(
        address.to_owned(),
        queue.clone(),
        Rng::new(seed),
        Arc::clone(&is_over),
    ));
    let client = Client::connect(address).await?;
    let started = std::time::Instant::now();
    let ended = stream::iter(0..total)
        .map(|number| run_one(client.clone(), queue.clone(), number))
        .buffer_unordered(AT_ONCE);
    ended.try_collect::<()>().await?;
    let runs = (0..total).map(runs_of).sum();
    let events = check_histories(&client, &queue, runs).await?;
    is_over.store(true, Ordering::Relaxed);
    let kills = killer.await.expect("it does not panic");
    println!(
        "{total} workflows, {runs} runs, {events} events, {kills} kills, {:.1?}",
        started.elapsed()
    );
    assert!(kills > 0);
    Ok(())
}

/// Keeps some workers, one of which is killed every now and then, until the workflows have ended.
async fn kill_workers(
    address: String,
    queue: String,
    mut random: Rng,
    is_over: Arc<AtomicBool>,
) -> u32 {
    let start = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_test-worker"));
        command.arg(&address).arg(&queue);
        Process::start(command, "ready")
    };
    let mut workers: Vec<_> = (0..WORKERS).map(|_| start()).collect();
    let mut kills = 0;
    while !is_over.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(100 + random.below(1500))).await;
        let place = usize::try_from(random.below(WORKERS as u64)).expect("it is small");
        workers.remove(place).kill();
        kills += 1;
        workers.push(start());
    }
    kills
}

/// How many runs the workflow of this number comes to, with its children and its receiver.
fn runs_of(number: u64) -> u64 {
    match number % 9 {
        4 => 4,
        5 => 2,
        8 => 6,
        _ => 1,
    }
}

/// Runs one workflow, and a second one if it needs one.
async fn run_one(client: Client, queue: String, number: u64) -> Result<()> {
    let start = |work: Work, part: &str| {
        Soak::start(&client, work)
            .id(format!("{queue}-{number}-{part}"))
            .task_queue(&queue)
            .task_timeout(secs(2))
    };
    let (handle, expected) = match number % 9 {
        0 => (start(Work::Activities, "activities").await?, 90),
        1 => (start(Work::LocalActivities, "local").await?, 30 + 90),
        2 => (start(Work::SideEffects, "side-effects").await?, 1),
        3 => (start(Work::Timers, "timers").await?, 10),
        4 => (start(Work::Children, "children").await?, 90 + 10 + 1),
        5 => {
            let receiver = start(Work::Receiver, "receiver").await?;
            let to = receiver.id().to_owned();
            let sender = start(Work::Sender { to }, "sender").await?;
            assert_eq!(receiver.result().await?, 15, "{}", receiver.id());
            (sender, 5)
        }
        6 => {
            let handle = start(Work::Updates, "updates").await?;
            for number in 1..=3 {
                // Refused while the task fails or times out again and again, which killed workers cause.
                let mut refusals = 0;
                let doubled = loop {
                    let update = handle.add(number).id(format!("add-{number}"));
                    match update.timeout(mins(2)).await {
                        Ok(doubled) => break doubled,
                        Err(error) => assert!(refusals < 600, "{}: {error}", handle.id()),
                    }
                    refusals += 1;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                };
                assert_eq!(doubled, number * 2);
            }
            (handle, 12)
        }
        7 => {
            let handle = start(Work::Cancelled, "cancelled").await?;
            handle.cancel().await?;
            let error = handle.result().await.expect_err("it was cancelled");
            assert!(error.is_cancelled(), "{}: {error}", handle.id());
            return Ok(());
        }
        _ => {
            let work = Work::ContinueAsNew { left: 5, sum: 0 };
            (start(work, "continued").await?, 30)
        }
    };
    assert_eq!(handle.result().await?, expected, "{}", handle.id());
    Ok(())
}

/// Checks that every run of the queue has closed, with a history without a gap and without a task that failed: killed
/// workers let tasks time out, and what fails is what a replay does not match. Returns how many events there are.
async fn check_histories(client: &Client, queue: &str, runs: u64) -> Result<usize> {
    let filter = format!("TaskQueue = '{queue}' AND ExecutionStatus != 'Running'");
    // A list may show a run a moment after it has closed.
    eventually("all runs are listed", async || {
        let closed = client.count(filter.as_str()).await.ok()?;
        (closed >= runs).then_some(())
    })
    .await;
    let mut histories = client.histories(filter.as_str());
    let (mut seen, mut events) = (0, 0);
    while let Some(history) = histories.next().await? {
        let id = history.workflow_id();
        let ids: Vec<_> = history.events().iter().map(HistoryEvent::id).collect();
        assert!(
            ids.iter().copied().eq(1..=ids.len() as i64),
            "{id}: {ids:?}"
        );
        let names: Vec<_> = history.events().iter().map(HistoryEvent::name).collect();
        let last = names.last().map(String::as_str);
        let ends = [
            "WorkflowExecutionCompleted",
            "WorkflowExecutionCanceled",
            "WorkflowExecutionContinuedAsNew",
        ];
        assert!(last.is_some_and(|last| ends.contains(&last)), "{history}");
        assert!(
            names.iter().all(|it| it != "WorkflowTaskFailed"),
            "{history}"
        );
        seen += 1;
        events += ids.len();
    }
    assert_eq!(seen, runs, "each run once");
    Ok(events)
}

//! A server with a database under load, killed with its worker at random moments: nothing that was
//! acknowledged is lost, nothing comes twice, and every run ends.
//!
//! `KILLS=100` kills more often, `KILLS_SEED=7` at the moments of an earlier run. Each workflow has a child
//! that signals it; the files are checked after each kill.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use durably::{
    Client, Result,
    error::{ResultError, SignalError, StartError},
};
use durably_tests::{
    process::{Process, free_port},
    rng::Rng,
    tally::{RELAYED, Tally},
    unique,
};

const QUEUE: &str = "tally";
const SENDERS: u32 = 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_again_and_again_loses_nothing() -> Result<()> {
    let kills = std::env::var("KILLS").map_or(4, |kills| kills.parse().expect("a number"));
    let folder = std::env::temp_dir().join(unique("kills"));
    std::fs::create_dir(&folder)?;
    let mut killed = Killed::start(folder.join("server.db"));
    let client = Client::connect(format!("127.0.0.1:{}", killed.port)).await?;
    let load = Arc::new(Load::default());
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| tokio::spawn(send(client.clone(), Arc::clone(&load), sender)))
        .collect();
    let seed = std::env::var("KILLS_SEED").map_or_else(
        |_| u64::from(std::process::id()),
        |seed| seed.parse().expect("a number"),
    );
    println!("KILLS_SEED={seed}");
    let mut random = Rng::new(seed);
    for kill in 0..kills {
        tokio::time::sleep(Duration::from_millis(100 + random.below(900))).await;
        killed.kill_server();
        if kill % 2 == 1 {
            killed.kill_worker();
        }
    }
    load.is_over.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.await.expect("a sender does not panic")?;
    }
    println!(
        "{kills} kills, {} runs, {} acknowledged, {} unknown",
        load.runs.load(Ordering::Relaxed),
        load.acknowledged.load(Ordering::Relaxed),
        load.unknown.load(Ordering::Relaxed),
    );
    assert!(load.acknowledged.load(Ordering::Relaxed) > 0);
    drop(killed);
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

/// What the senders have done.
#[derive(Default)]
struct Load {
    is_over: AtomicBool,
    runs: AtomicU32,
    acknowledged: AtomicU32,
    unknown: AtomicU32,
    /// Calls that are made again.
    failures: AtomicU32,
}

impl Load {
    /// Waits for the server to come back. Nothing that a kill causes lasts.
    async fn pause(&self, error: &(dyn std::error::Error + Sync)) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed);
        assert!(failures < 20_000, "the server does not come back: {error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Starts workflows, sends them numbers, and checks their results until the load is over.
async fn send(client: Client, load: Arc<Load>, sender: u32) -> Result<()> {
    for round in 0.. {
        if load.is_over.load(Ordering::Relaxed) {
            break;
        }
        let id = format!("tally-{sender}-{round}");
        loop {
            let started = Tally::start(&client, None).id(&id).task_queue(QUEUE);
            match started.await {
                // An attempt whose answer was lost may have started it.
                Ok(_) | Err(StartError::AlreadyStarted(_)) => break,
                Err(error) => load.pause(&error).await,
            }
        }
        let tally = Tally::handle(&client, &id);
        let (mut acknowledged, mut unknown) = (BTreeSet::new(), BTreeSet::new());
        for number in 0..8 {
            let sent = match number % 3 {
                2 => tally.add_now(number).await.is_ok(),
                _ => tally.add(number).await.is_ok(),
            };
            match sent {
                true => acknowledged.insert(number),
                false => unknown.insert(number),
            };
        }
        loop {
            match tally.finish().await {
                // An attempt whose answer was lost may have finished it.
                Ok(()) | Err(SignalError::NotFound(_)) => break,
                Err(error) => load.pause(&error).await,
            }
        }
        let numbers = loop {
            match tally.result().await {
                Ok(numbers) => break numbers,
                Err(ResultError::Rpc(error)) => load.pause(&error).await,
                Err(error) => panic!("{id} failed: {error:#}"),
            }
        };
        // Its child has waited until it was recorded.
        acknowledged.insert(RELAYED);
        let counted: BTreeSet<u32> = numbers.iter().copied().collect();
        assert_eq!(
            counted.len(),
            numbers.len(),
            "{id} counted twice: {numbers:?}"
        );
        let lost: Vec<_> = acknowledged.difference(&counted).collect();
        assert!(lost.is_empty(), "{id} lost {lost:?} of {acknowledged:?}");
        let invented: Vec<_> = counted
            .iter()
            .filter(|number| !acknowledged.contains(number) && !unknown.contains(number))
            .collect();
        assert!(invented.is_empty(), "{id} was never sent {invented:?}");
        for (counter, numbers) in [
            (&load.acknowledged, &acknowledged),
            (&load.unknown, &unknown),
        ] {
            let count = u32::try_from(numbers.len()).expect("a few");
            counter.fetch_add(count, Ordering::Relaxed);
        }
        load.runs.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// A server with a database and a worker, each in a process of its own.
struct Killed {
    database: PathBuf,
    port: u16,
    server: Option<Process>,
    worker: Option<Process>,
}

impl Killed {
    fn start(database: PathBuf) -> Self {
        let port = free_port();
        Self {
            server: Some(server(&database, port)),
            worker: Some(worker(port)),
            database,
            port,
        }
    }

    fn kill_server(&mut self) {
        self.server.take().expect("it runs").kill();
        check_files(&self.database);
        self.server = Some(server(&self.database, self.port));
    }

    fn kill_worker(&mut self) {
        self.worker.take().expect("it runs").kill();
        self.worker = Some(worker(self.port));
    }
}

/// Checks a copy of the database: opening it would move its log.
fn check_files(database: &Path) {
    let copy = database.with_extension("copy");
    for part in ["", "-wal"] {
        let file = |database: &Path| PathBuf::from(format!("{}{part}", database.display()));
        std::fs::copy(file(database), file(&copy)).expect("a database has a log");
    }
    let connection = rusqlite::Connection::open(&copy).expect("it is a database");
    let found = connection.pragma_query_value(None, "integrity_check", |row| row.get(0));
    let found: String = found.expect("it can be checked");
    assert_eq!(found, "ok");
}

fn server(database: &Path, port: u16) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_test-server"));
    command.arg(database).arg(port.to_string());
    Process::start(command, "ready")
}

fn worker(port: u16) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_test-worker"));
    command.arg(format!("127.0.0.1:{port}")).arg(QUEUE);
    Process::start(command, "ready")
}

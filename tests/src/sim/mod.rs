//! Deterministic simulation: a server, workers and clients on one thread, on simulated time, network and disk,
//! all of it decided by a seed.
//!
//! Real are the server (all but the gRPC transport: requests enter at its service trait), its store in memory,
//! the engine, the driver and the macros' code of the workflows, and the replay of histories at the end.
//! Simulated are
//!
//! - time: tokio's paused clock, which the server's clock follows;
//! - the network ([`network`]): requests and responses are late, and so overtake each other, lost or doubled;
//! - the disk ([`host`]): commits become durable in groups, after a while, or fail; at a commit that the seed
//!   chooses the server crashes, with those in flight kept or lost, and another one starts on what is stored;
//! - the worker around the engine ([`worker`]): it polls, caches runs, fetches histories, and crashes;
//! - clients ([`clients`]), which repeat a request until they know its outcome, or give up, and reset workflows
//!   ([`resets`]);
//! - a desk ([`desk`]), which completes activities that workers leave open;
//! - parents and their children ([`families`]), whose commands come from a worker of their own;
//! - pauses of activities ([`pauses`]);
//! - schedules ([`schedules`]), which start workflows until they are deleted.
//!
//! Not simulated are the threads of a real worker and of a real server, gRPC, and SQLite. Faults end after two
//! minutes; then all workflows must end, and [`check`] compares what the server has with the models.
//!
//! A hundred seeds run by default; `SEEDS=10000` runs more, from `FIRST_SEED=0` on, and `SEED=7` runs one and
//! prints its trace.

mod check;
mod clients;
mod desk;
mod families;
mod host;
mod network;
mod pauses;
mod relatives;
mod resets;
mod schedules;
mod tasks;
mod worker;
mod workflows;
mod world;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    panic::{self, AssertUnwindSafe},
    rc::Rc,
    sync::Once,
    time::Duration,
};

use durably_proto::api::enums::v1::WorkflowExecutionStatus;
use durably_server::{
    Server,
    simulation::{self, Disk},
};
use tokio::task::{JoinSet, LocalSet};

use self::{
    clients::{Case, Model},
    world::World,
};

/// What one simulation has done.
struct Outcome {
    trace: String,
    /// Faults and other events, by kind.
    counts: BTreeMap<&'static str, u64>,
}

/// Runs the simulation of a seed.
///
/// # Errors
/// The panics of the parts and of the checks.
fn simulate(seed: u64) -> Result<Outcome, String> {
    watch_panics();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("the runtime starts");
    let local = LocalSet::new();
    let entered = runtime.enter();
    let world = World::new(seed);
    drop(entered);
    let simulated = panic::catch_unwind(AssertUnwindSafe(|| {
        local.block_on(&runtime, run(Rc::clone(&world)));
    }));
    let panics = PANICS.take();
    let trace = world.trace();
    if simulated.is_err() || !panics.is_empty() {
        if number("SEED").is_some() {
            eprintln!("{trace}");
        }
        let panics = panics.join("\n");
        return Err(format!(
            "seed {seed} (SEED={seed} prints its trace): {panics}"
        ));
    }
    let counts = world.counts();
    Ok(Outcome { trace, counts })
}

async fn run(world: Rc<World>) {
    let mut parts = JoinSet::new();
    parts.spawn_local(host::run(Rc::clone(&world)));
    for number in 0..3 {
        parts.spawn_local(worker::run(Rc::clone(&world), number));
    }
    parts.spawn_local(families::run(Rc::clone(&world)));
    let mut clients = JoinSet::new();
    for number in 0..8 {
        clients.spawn_local(clients::run(Rc::clone(&world), number));
    }
    tokio::time::sleep(FAULTS).await;
    world.calm_down();
    world.note("faults end");
    let mut cases: Vec<Case> = Vec::new();
    let ended = async {
        while let Some(case) = clients.join_next().await {
            let case = case.unwrap_or_else(|error| panic!("{error}"));
            if let Model::Schedule(_) = case.model {
                schedules::until_ended(&world, &case.id).await;
                cases.push(case);
                continue;
            }
            until_ended(&world, &case.id).await;
            match &case.model {
                Model::Family { .. } => families::until_ended(&world, &case.id).await,
                Model::Parent { plan, .. } => relatives::until_ended(&world, &case.id, plan).await,
                Model::Target => until_ended(&world, &families::sender(&case.id)).await,
                _ => {}
            }
            cases.push(case);
        }
    };
    tokio::select! {
        biased;
        () = until_panic() => panic!("a part of the simulation panicked"),
        ended = tokio::time::timeout(LONGEST, ended) => {
            ended.expect("all workflows end when there are no faults");
        }
    }
    parts.shutdown().await;
    if let Some(server) = world.server.take() {
        server.disk.crash(0);
        server.life.end();
    }
    check(&world, cases).await;
}

/// Checks all workflows on a server that has just been started on what is stored.
async fn check(world: &World, mut cases: Vec<Case>) {
    let disk = Disk::new(&world.database);
    let configuration = Server::builder()
        .grpc(false)
        .clock(simulation::clock(world.start));
    let server = simulation::start(&disk, world.seed, configuration).await;
    let server = server.expect("the database is readable");
    let service = server.service();
    cases.sort_by(|one, other| one.id.cmp(&other.id));
    let mut runs = 0;
    for case in &cases {
        if let Model::Schedule(lifetime) = case.model {
            world.count("schedules");
            runs += schedules::check(&service, &case.id, lifetime).await;
            continue;
        }
        let chain = check::chain(&service, &case.id).await;
        check::workflow(case, &chain);
        runs += chain.len();
        if let Model::Family { leaves } = case.model {
            world.count("families");
            runs += families::check(&service, &case.id, leaves).await;
        }
        if let Model::Parent { plan, .. } = &case.model {
            runs += relatives::check(world, &service, &case.id, plan).await;
        }
        if let Model::Pipeline { resets, .. } | Model::Ledger { resets, .. } = &case.model {
            runs += resets::check(world, &service, &case.id, resets).await;
        }
        if let Model::Target = case.model {
            world.count("targets that continue as new");
            runs += families::check_target(&service, &case.id, &chain).await;
        }
        for run in &chain {
            check::record(world, &case.id, run);
        }
    }
    check::queues_are_empty(&service).await;
    check::lists_are_complete(&service, runs).await;
}

async fn until_ended(world: &World, id: &str) {
    loop {
        if let Some(server) = world.server() {
            let status = check::status(&server.service, id).await;
            if status.is_some_and(|(_, status)| status != WorkflowExecutionStatus::Running) {
                return;
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// As [`until_ended`], for a workflow that may never be started: it is not, if it is missing for a while.
async fn until_ended_or_missing(world: &World, id: &str) {
    let (mut missing, patience) = (0, 60);
    while missing < patience {
        if let Some(server) = world.server() {
            match check::status(&server.service, id).await {
                None => missing += 1,
                Some((_, WorkflowExecutionStatus::Running)) => missing = 0,
                Some(_) => return,
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

thread_local! {
    /// The panics of this thread: also those of tasks of the server, whose handles nobody awaits.
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Collects the panics of each thread.
fn watch_panics() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICS.with_borrow_mut(|panics| panics.push(info.to_string()));
            before(info);
        }));
    });
    PANICS.take();
}

async fn until_panic() {
    while PANICS.with_borrow(Vec::is_empty) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// How long there are faults.
const FAULTS: Duration = Duration::from_secs(120);
/// How long the workflows may take after that.
const LONGEST: Duration = Duration::from_secs(3600);

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("it is a number"))
}

#[test]
fn what_is_acknowledged_is_kept_and_every_run_ends() {
    if let Some(seed) = number("SEED") {
        let outcome = simulate(seed).unwrap_or_else(|failure| panic!("{failure}"));
        println!("{}", outcome.trace);
        return;
    }
    let first = number("FIRST_SEED").unwrap_or(0);
    let seeds = number("SEEDS").unwrap_or(100);
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut failures = Vec::new();
    for seed in first..first + seeds {
        match simulate(seed) {
            Ok(outcome) => {
                for (kind, count) in outcome.counts {
                    *counts.entry(kind).or_default() += count;
                }
            }
            Err(failure) => failures.push(failure),
        }
    }
    println!("{seeds} seeds from {first} on: {counts:#?}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for fault in FAULT_KINDS {
        assert!(seeds < 100 || counts.contains_key(fault), "no {fault}");
    }
}

#[test]
fn a_seed_gives_the_same_trace_again() {
    for seed in 0..4 {
        let trace = || simulate(seed).map(|outcome| outcome.trace);
        let (one, other) = (trace().unwrap(), trace().unwrap());
        let mut lines = one.lines().zip(other.lines());
        let differs = lines.find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(one, other, "seed {seed}");
    }
}

const FAULT_KINDS: [&str; 26] = [
    "activities completed by a desk",
    "activities failed by a desk",
    "activities left open for ever",
    "activities seen paused",
    "calls given up",
    "cancelled local activities",
    "children that are cancelled",
    "children that are terminated",
    "children that complete",
    "children that fail",
    "children that time out",
    "doubled requests",
    "eager activities",
    "evictions",
    "failed commits",
    "failed workflow tasks",
    "hanging activities",
    "late messages",
    "lost requests",
    "lost responses",
    "prolonged tasks",
    "resets",
    "server crashes",
    "slow commits",
    "slow local activities",
    "worker crashes",
];

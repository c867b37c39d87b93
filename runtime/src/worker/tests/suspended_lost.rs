//! Tasks that are put aside when their thread, their worker or their run's state ends.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

use super::{
    held::{Held, hold},
    past::Past,
    server::Server,
    suspended::{Quick, Waiting, begun, held, kinds, until_the_test_ends_it, waiting},
};
use crate::prelude::*;

/// Panics when it is dropped.
#[derive(Default)]
struct Explosive;

impl Drop for Explosive {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[workflow]
impl Explosive {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(60)).await?;
        Ok(())
    }
}

static BEGUN: AtomicBool = AtomicBool::new(false);

/// Lasts until a shutdown of its worker has handed back what was put aside.
fn compute() {
    BEGUN.store(true, Relaxed);
    std::thread::sleep(Duration::from_millis(6_500));
}

/// Computes for long, then waits for a local activity.
#[derive(Default)]
struct Slow;

#[workflow]
impl Slow {
    #[run]
    async fn run(&mut self, ctx: &Ctx) {
        #[allow_nondeterminism(reason = "the test needs a run that computes for long")]
        compute();
        held(ctx).await;
    }
}

#[tokio::test]
async fn a_thread_that_never_returns_keeps_no_permit_of_what_it_has_put_aside() -> Result<()> {
    let mut server = Server::new();
    let release = hold("stuck-for-ever");
    let worker = server
        .worker()
        .executor_threads(1)
        .deadlock_timeout(millis(500));
    let worker = worker
        .workflow::<Waiting>()
        .activity::<until_the_test_ends_it>()
        .workflow::<Held>();
    let worker = worker.spawn().await?;
    let past = Past::begin("Waiting", "kept").task_timeout(Duration::from_secs(60));
    server.normal.send(Ok(past.whole()))?;
    let _work = begun("kept").await;
    let stuck = Past::begin("Held", "stuck-for-ever");
    server.normal.send(Ok(stuck.whole()))?;
    assert_eq!(server.failed().await.task_token, stuck.whole().task_token);
    let begun = Instant::now();
    worker.shutdown().await?;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
    release.send(())?;
    Ok(())
}

#[tokio::test]
async fn a_state_that_panics_when_dropped_leaves_its_thread_to_other_workers() -> Result<()> {
    let mut first = Server::new();
    let worker = first.worker().shared_threads().workflow::<Explosive>();
    let worker = worker.spawn().await?;
    let mut second = Server::new();
    let neighbour = second.worker().shared_threads().workflow::<Quick>();
    let neighbour = neighbour.spawn().await?;
    // The thread of a run depends on its id.
    let explosive = Past::begin("Explosive", "same-thread");
    first.normal.send(Ok(explosive.whole()))?;
    assert_eq!(kinds(&first.completed().await), ["start timer"]);
    worker.shutdown().await?;
    let quick = Past::begin("Quick", "same-thread");
    for _ in 0..2 {
        second.normal.send(Ok(quick.whole()))?;
        assert_eq!(kinds(&second.completed().await), ["complete"]);
    }
    neighbour.shutdown().await
}

#[tokio::test]
async fn a_worker_without_a_cache_names_no_queue_of_its_own_in_heartbeats() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().max_cached_workflows(0);
    let worker = worker
        .workflow::<Waiting>()
        .activity::<until_the_test_ends_it>()
        .spawn()
        .await?;
    server.normal.send(Ok(waiting("uncached").whole()))?;
    let heartbeat = server.completed().await;
    assert!(heartbeat.force_create_new_workflow_task);
    assert!(heartbeat.sticky_attributes.is_none());
    worker.shutdown().await
}

#[tokio::test]
async fn a_task_put_aside_late_in_a_shutdown_is_given_to_other_workers_at_once() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().deadlock_timeout(secs(30));
    let worker = worker
        .workflow::<Slow>()
        .activity::<until_the_test_ends_it>()
        .spawn()
        .await?;
    let past = Past::begin("Slow", "slow").task_timeout(Duration::from_secs(60));
    server.normal.send(Ok(past.whole()))?;
    while !BEGUN.load(Relaxed) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let shutdown = tokio::spawn(worker.shutdown());
    server.next_call().await;
    let handed_back = server.completed().await;
    assert!(handed_back.force_create_new_workflow_task);
    assert!(!handed_back.return_new_workflow_task);
    shutdown.await?
}

//! Runs that keep their thread: it is replaced, and what else ran on it resumes.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use durably_proto::api::enums::v1::CommandType;

use super::{
    held::{Held, hold},
    past::Past,
    server::Server,
};
use crate::prelude::*;

/// Loops over awaits that never wait; each way once.
#[derive(Default)]
struct Looping;

/// Ends the loops, so that they keep no core from the tests that follow.
static DONE: AtomicBool = AtomicBool::new(false);

fn is_done() -> bool {
    DONE.load(Relaxed)
}

#[workflow]
impl Looping {
    #[run]
    async fn run(&mut self, ctx: &Ctx, way: String) -> Result<()> {
        while !is_done() {
            match way.as_str() {
                "yields" => ctx.sleep(secs(0)).await?,
                _ => ctx.wait_until(|| true).await?,
            }
        }
        Ok(())
    }
}

/// Waits for a signal, then ends.
#[derive(Default)]
struct Polite {
    greeted: bool,
}

#[workflow]
impl Polite {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.wait_until(|| self.greeted).await?;
        Ok(())
    }

    #[signal]
    fn greet(&mut self) {
        self.greeted = true;
    }
}

fn polite(n: usize) -> Past {
    Past::begin("Polite", &format!("polite-{n}"))
}

async fn ended(server: &mut Server) {
    let completed = server.completed().await;
    let kinds: Vec<_> = completed
        .commands
        .iter()
        .map(|it| it.command_type())
        .collect();
    assert_eq!(kinds, [CommandType::CompleteWorkflowExecution]);
}

#[tokio::test]
async fn loops_without_waiting_leave_all_threads_to_the_other_runs() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .executor_threads(1)
        .max_lost_threads(10)
        .deadlock_timeout(millis(500))
        .workflow::<Looping>()
        .workflow::<Polite>()
        .spawn()
        .await?;
    server.normal.send(Ok(polite(1).whole()))?;
    server.completed().await;
    for (n, way) in ["yields", "is ready", "yields"].iter().enumerate() {
        let input = crate::worker::tests::past::json(&format!("\"{way}\""));
        let past = Past::begin("Looping", &format!("looping-{n}")).with_input(input);
        server.normal.send(Ok(past.whole()))?;
        let failed = server.failed().await;
        assert_eq!(failed.task_token, past.whole().task_token);
        let text = failed.failure.unwrap().message;
        assert!(
            text.contains("`Looping` has blocked") && text.contains("blocked.rs"),
            "{text}"
        );
    }
    // The run was cached on the thread that was lost, so its history is fetched.
    let signalled = polite(1).answered().signal("greet").task();
    server.page(signalled.whole().history.unwrap().events, "");
    server.sticky.send(Ok(signalled.tail()))?;
    assert!(matches!(
        server.next_call().await,
        crate::worker::tests::server::Call::GetHistory
    ));
    ended(&mut server).await;
    worker.shutdown().await?;
    DONE.store(true, Relaxed);
    Ok(())
}

#[tokio::test]
async fn a_worker_that_lost_too_many_threads_stops_polling_until_one_returns() -> Result<()> {
    let mut server = Server::new();
    let release = hold("held");
    let worker = server
        .worker()
        .workflow_pollers(1)
        .max_lost_threads(0)
        .deadlock_timeout(millis(50))
        .workflow::<Held>()
        .workflow::<Polite>()
        .spawn()
        .await?;
    let blocking = Past::begin("Held", "held");
    server.normal.send(Ok(blocking.whole()))?;
    server.failed().await;
    // Its code would cost one more thread, so it does not run: without the receiver it would return.
    server.normal.send(Ok(blocking.whole()))?;
    let text = server.failed().await.failure.unwrap().message;
    assert!(text.contains("still blocks"), "{text}");
    assert!(text.starts_with("workflow `Held` has blocked"), "{text}");
    for n in 0..8 {
        server
            .normal
            .send(Ok(polite(n).answered().signal("greet").task().whole()))?;
    }
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.waiting_tasks(), 8);
    release.send(())?;
    for _ in 0..8 {
        ended(&mut server).await;
    }
    worker.shutdown().await
}

#[tokio::test]
async fn a_run_that_blocks_a_shared_thread_does_not_hold_up_other_workers() -> Result<()> {
    let release = hold("stuck");
    let first = Server::new();
    let worker = first.worker().shared_threads().workflow::<Held>();
    let worker = worker.deadlock_timeout(millis(300)).spawn().await?;
    first
        .normal
        .send(Ok(Past::begin("Held", "stuck").whole()))?;
    let mut second = Server::new();
    let neighbour = second.worker().shared_threads().workflow::<Polite>();
    let neighbour = neighbour.deadlock_timeout(secs(60)).spawn().await?;
    worker.shutdown().await?;
    for n in 0..16 {
        let past = polite(n).answered().signal("greet").task();
        second.normal.send(Ok(past.whole()))?;
    }
    for _ in 0..16 {
        ended(&mut second).await;
    }
    release.send(())?;
    neighbour.shutdown().await
}

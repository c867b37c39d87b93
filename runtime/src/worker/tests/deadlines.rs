//! The end of an attempt's time: when it is, and what the body may still do.

use std::sync::Arc;

use durably_proto::wkt;
use tokio::sync::mpsc;
use tonic::Status;

use super::{
    past::attempt,
    server::{Call, Server},
};
use crate::{activity::CancelReason, prelude::*};

/// Bodies that clean up with awaits of their own once they are told to stop.
struct Tidy {
    cleaned: mpsc::UnboundedSender<CancelReason>,
    /// Makes the clean-up take more than one poll.
    turns: Arc<tokio::sync::Semaphore>,
}

#[activities]
impl Tidy {
    #[activity(start_to_close = "10s", heartbeat = "1s")]
    async fn tidies_up(&self, ctx: &ActivityCtx) {
        ctx.heartbeat(());
        let reason = ctx.cancelled().await;
        let _turn = self.turns.acquire().await;
        let _ = self.cleaned.send(reason);
    }
}

#[activity(start_to_close = "10s")]
async fn sleeps_past_its_deadline() -> String {
    tokio::time::sleep(secs(15)).await;
    "slept".to_owned()
}

fn tidy() -> (
    Tidy,
    mpsc::UnboundedReceiver<CancelReason>,
    Arc<tokio::sync::Semaphore>,
) {
    let (cleaned, seen) = mpsc::unbounded_channel();
    let turns = Arc::new(tokio::sync::Semaphore::new(0));
    let set = Tidy {
        cleaned,
        turns: Arc::clone(&turns),
    };
    (set, seen, turns)
}

#[tokio::test]
async fn a_body_sees_that_it_timed_out_and_has_time_to_clean_up() -> Result<()> {
    let mut server = Server::new();
    let (set, mut seen, turns) = tidy();
    let worker = server.worker().activities(set).spawn().await?;
    let mut task = attempt("tidies_up", None);
    task.start_to_close_timeout = Some(wkt::Duration {
        seconds: 0,
        nanos: 50_000_000,
    });
    server.activities.send(Ok(task))?;
    assert!(matches!(server.next_call().await, Call::Heartbeat(_)));
    turns.add_permits(1);
    assert_eq!(seen.recv().await, Some(CancelReason::TimedOut));
    worker.shutdown().await?;
    // The server has given the attempt up, so the next word is that of the shutdown.
    assert!(matches!(server.next_call().await, Call::ShutDown(_)));
    Ok(())
}

#[tokio::test]
async fn a_body_that_the_server_forgot_has_time_to_clean_up() -> Result<()> {
    let mut server = Server::new();
    let (set, mut seen, turns) = tidy();
    let worker = server.worker().activities(set).spawn().await?;
    let gone = Err(Status::not_found("no such activity"));
    server.script().heartbeats.push_back(gone);
    server.activities.send(Ok(attempt("tidies_up", None)))?;
    assert!(matches!(server.next_call().await, Call::Heartbeat(_)));
    turns.add_permits(1);
    assert_eq!(seen.recv().await, Some(CancelReason::Gone));
    worker.shutdown().await
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_of_the_caller_does_not_time_attempts_out() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .activity::<sleeps_past_its_deadline>()
        .spawn()
        .await?;
    let task = attempt("sleeps_past_its_deadline", None);
    server.activities.send(Ok(task))?;
    let done = server.activity_completed().await;
    assert_eq!(done.result.unwrap().payloads[0].data, b"\"slept\"");
    worker.shutdown().await
}

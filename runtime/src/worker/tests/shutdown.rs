//! The end of a worker: nothing that was begun is lost.

use std::sync::Mutex;

use super::{
    past::attempt,
    server::{Call, Server},
};
use crate::{error::Cancelled, prelude::*};

#[activity(start_to_close = "10s")]
async fn until_told(ctx: &ActivityCtx) -> String {
    ctx.heartbeat(());
    format!("{:?}", ctx.cancelled().await)
}

#[activity(start_to_close = "10s")]
async fn gives_up_when_told(ctx: &ActivityCtx) -> Result<()> {
    ctx.heartbeat(());
    ctx.cancelled().await;
    Err(Cancelled.into())
}

#[activity(start_to_close = "10s")]
async fn never_ends(ctx: &ActivityCtx) {
    ctx.heartbeat(());
    std::future::pending().await
}

#[tokio::test]
async fn the_server_is_told_first_and_running_activities_come_to_their_end() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().activity::<until_told>().spawn().await?;
    server.activities.send(Ok(attempt("until_told", None)))?;
    assert!(matches!(server.next_call().await, Call::Heartbeat(_)));
    worker.shutdown().await?;
    let Call::ShutDown(told) = server.next_call().await else {
        panic!("expected the server to be told");
    };
    assert_eq!(told.task_queue, "queue");
    let done = server.activity_completed().await;
    let result = done.result.unwrap().payloads[0].data.clone();
    assert_eq!(result, b"\"WorkerShutdown\"");
    Ok(())
}

#[tokio::test]
async fn an_activity_that_gives_up_is_retried_elsewhere() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .activity::<gives_up_when_told>()
        .spawn()
        .await?;
    server
        .activities
        .send(Ok(attempt("gives_up_when_told", None)))?;
    assert!(matches!(server.next_call().await, Call::Heartbeat(_)));
    worker.shutdown().await?;
    assert!(matches!(server.next_call().await, Call::ShutDown(_)));
    let failed = server.activity_failed().await;
    assert!(failed.failure.unwrap().message.contains("shutting down"));
    Ok(())
}

#[tokio::test]
async fn an_activity_that_does_not_end_is_reported_after_the_grace_period() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .shutdown_grace(millis(20))
        .activity::<never_ends>()
        .spawn()
        .await?;
    server.activities.send(Ok(attempt("never_ends", None)))?;
    assert!(matches!(server.next_call().await, Call::Heartbeat(_)));
    worker.shutdown().await?;
    assert!(matches!(server.next_call().await, Call::ShutDown(_)));
    let failed = server.activity_failed().await;
    assert!(failed.failure.unwrap().message.contains("shutting down"));
    Ok(())
}

/// Blocks until the test lets it go, whatever it is told.
struct Deaf(Mutex<std::sync::mpsc::Receiver<()>>);

#[activities]
impl Deaf {
    #[activity(start_to_close = "100s")]
    fn deaf(&self, ctx: &ActivityCtx) {
        ctx.heartbeat(());
        let _ = self.0.lock().unwrap().recv();
    }
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_function_that_blocks_past_the_grace() -> Result<()> {
    let mut server = Server::new();
    let (let_go, held) = std::sync::mpsc::channel();
    let worker = server
        .worker()
        .shutdown_grace(millis(20))
        .activities(Deaf(Mutex::new(held)))
        .spawn()
        .await?;
    let mut task = attempt("deaf", None);
    task.start_to_close_timeout.as_mut().unwrap().seconds = 100;
    server.activities.send(Ok(task))?;
    assert!(matches!(server.next_call().await, Call::Heartbeat(_)));
    // The reports of attempts have ten seconds; this one is out long before.
    tokio::time::timeout(secs(8), worker.shutdown()).await??;
    assert!(matches!(server.next_call().await, Call::ShutDown(_)));
    let failed = server.activity_failed().await;
    assert!(failed.failure.unwrap().message.contains("shutting down"));
    let_go.send(())?;
    Ok(())
}

#[tokio::test]
async fn a_worker_whose_future_is_dropped_shuts_down_in_the_background() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().activity::<until_told>();
    server.activities.send(Ok(attempt("until_told", None)))?;
    tokio::select! {
        ended = worker.run() => panic!("the worker ended by itself: {ended:?}"),
        beat = server.next_call() => assert!(matches!(beat, Call::Heartbeat(_))),
    }
    assert!(matches!(server.next_call().await, Call::ShutDown(_)));
    let done = server.activity_completed().await;
    let result = done.result.unwrap().payloads[0].data.clone();
    assert_eq!(result, b"\"WorkerShutdown\"");
    Ok(())
}

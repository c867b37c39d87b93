//! Servers that are away, and servers that refuse.

use tonic::Status;

use super::{
    past::{attempt, json},
    server::Server,
};
use crate::prelude::*;

#[activity(start_to_close = "10s")]
async fn double(n: u32) -> u32 {
    n * 2
}

#[tokio::test]
async fn a_server_that_comes_back_is_polled_again() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().activity::<double>().spawn().await?;
    server.activities.send(Err(Status::unavailable("away")))?;
    server
        .activities
        .send(Err(Status::deadline_exceeded("still away")))?;
    server.activities.send(Ok(attempt("double", json("21"))))?;
    assert_eq!(server.activity_completed().await.result, json("42"));
    worker.shutdown().await
}

#[tokio::test]
async fn a_refusal_ends_the_worker_with_the_servers_words() -> Result<()> {
    let server = Server::new();
    let worker = server.worker().activity::<double>();
    let refusal = Status::not_found("namespace `default` is gone");
    server.activities.send(Err(refusal))?;
    let text = worker.run().await.unwrap_err().to_string();
    assert_eq!(
        text,
        "the server gives no tasks of queue `queue` in namespace `default`: \
         namespace `default` is gone (NotFound)"
    );
    Ok(())
}

#[tokio::test]
async fn mistakes_are_told_all_at_once() {
    let server = Server::new();
    let text = server
        .worker()
        .executor_threads(0)
        .activity::<double>()
        .activity::<double>()
        .run()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("`double` is registered twice") && text.contains("`executor_threads` is 0"),
        "{text}"
    );
    let text = server.worker().run().await.unwrap_err().to_string();
    assert!(text.contains("nothing is registered"), "{text}");
}

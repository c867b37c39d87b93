//! Queries with a task of their own, of runs whose task is put aside.

use std::time::Duration;

use durably_proto::api::workflowservice::v1::PollWorkflowTaskQueueResponse;
use tokio::sync::oneshot;
use tonic::Status;

use super::{
    past::{Past, json},
    server::Server,
    suspended::{Quick, Waiting, begun, kinds, returns, until_the_test_ends_it},
};
use crate::prelude::*;

/// A task of a run whose tasks have a minute, so that no heartbeat is due.
fn unhurried(past: Past) -> Past {
    past.task_timeout(Duration::from_secs(60))
}

/// The query as it comes to the worker that has the run cached: without history.
fn sticky_query(past: &Past) -> PollWorkflowTaskQueueResponse {
    PollWorkflowTaskQueueResponse {
        history: None,
        task_token: b"query".to_vec(),
        ..past.query("signals")
    }
}

#[tokio::test]
async fn a_query_is_answered_while_its_run_waits_as_soon_as_its_task_is_recorded() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .workflow::<Waiting>()
        .activity::<until_the_test_ends_it>()
        .spawn()
        .await?;
    let past = unhurried(Past::begin("Waiting", "queried"));
    let next = unhurried(past.clone().answered().timer("1").task());
    server.normal.send(Ok(past.whole()))?;
    let work = begun("queried").await;
    server.script().completions.extend([returns(next.tail())]);
    server.sticky.send(Ok(sticky_query(&past)))?;
    let recorded = server.completed().await;
    assert_eq!(recorded.task_token, past.whole().task_token);
    assert!(recorded.force_create_new_workflow_task && recorded.return_new_workflow_task);
    assert_eq!(kinds(&recorded), ["start timer"]);
    let answered = server.answered().await;
    assert_eq!(answered.task_token, b"query");
    assert_eq!(answered.query_result, json("0"));
    // The run goes on with the task that the server returned.
    work.end();
    let last = server.completed().await;
    assert_eq!(last.task_token, next.whole().task_token);
    assert_eq!(kinds(&last), ["cancel timer", "complete"]);
    worker.shutdown().await
}

#[tokio::test]
async fn queries_that_come_during_a_heartbeat_share_it() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().executor_threads(1);
    let worker = worker
        .workflow::<Waiting>()
        .activity::<until_the_test_ends_it>()
        .workflow::<Quick>();
    let worker = worker.spawn().await?;
    let past = unhurried(Past::begin("Waiting", "queried-often"));
    let next = unhurried(past.clone().answered().timer("1").task());
    server.normal.send(Ok(past.whole()))?;
    let work = begun("queried-often").await;
    let (release, held) = oneshot::channel();
    server.script().hold_completion = Some(held);
    server.script().completions.extend([returns(next.tail())]);
    server.sticky.send(Ok(sticky_query(&past)))?;
    assert!(server.completed().await.force_create_new_workflow_task);
    let unknown = PollWorkflowTaskQueueResponse {
        history: None,
        task_token: b"unknown".to_vec(),
        ..past.query("nothing")
    };
    server.sticky.send(Ok(unknown))?;
    // The query has reached the thread when a task that came after it is done.
    let quick = Past::begin("Quick", "after-queries").whole();
    server.sticky.send(Ok(quick.clone()))?;
    assert_eq!(server.completed().await.task_token, quick.task_token);
    release.send(()).expect("the heartbeat waits");
    assert_eq!(server.answered().await.query_result, json("0"));
    // A query that fails leaves the run as it is.
    let failed = server.answered().await;
    assert_eq!(failed.task_token, b"unknown");
    assert!(failed.error_message.contains("nothing"), "{failed:?}");
    work.end();
    assert_eq!(
        kinds(&server.completed().await),
        ["cancel timer", "complete"]
    );
    worker.shutdown().await
}

#[tokio::test]
async fn a_query_of_a_run_whose_heartbeat_came_too_late_is_answered_from_history() -> Result<()> {
    let mut server = Server::new();
    let worker = server
        .worker()
        .workflow::<Waiting>()
        .activity::<until_the_test_ends_it>()
        .spawn()
        .await?;
    let idle = Past::begin("Waiting", "queried-late").answered().timer("1");
    let past = unhurried(idle.clone().signal("poke").task());
    server.normal.send(Ok(past.whole()))?;
    let _work = begun("queried-late").await;
    let timed_out = Err(Status::not_found("workflow task not found"));
    server.script().completions.extend([timed_out]);
    server.normal.send(Ok(idle.query("signals")))?;
    assert!(server.completed().await.force_create_new_workflow_task);
    // As it was when the query was sent.
    assert_eq!(server.answered().await.query_result, json("0"));
    worker.shutdown().await
}

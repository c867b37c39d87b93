//! Workflow tasks that keep failing: no cause makes them fail in a loop without a pause.

use std::time::Instant;

use durably_proto::api::workflowservice::v1::PollWorkflowTaskQueueResponse;
use tonic::Status;

use super::{
    past::{Past, json},
    server::{Call, Server},
};
use crate::prelude::*;

/// Panics.
#[derive(Default)]
struct Broken;

#[workflow]
impl Broken {
    #[run]
    async fn run(&mut self) {
        panic!("no such luck");
    }
}

/// Takes a number, waits for ever, and can be asked.
#[derive(Default)]
struct Fine;

#[workflow]
impl Fine {
    #[run]
    async fn run(&mut self, ctx: &Ctx, _n: u32) -> Result<()> {
        ctx.sleep(days(1)).await?;
        Ok(())
    }

    #[query]
    fn said(&self) -> u32 {
        7
    }
}

fn fine(run_id: &str) -> Past {
    Past::begin("Fine", run_id).with_input(json("1"))
}

/// A task that fails for one of all causes; the server says what it thinks of a completion.
type Case = (&'static str, PollWorkflowTaskQueueResponse, Option<Status>);

fn causes() -> Vec<Case> {
    let mut unreadable = fine("run").whole();
    unreadable.workflow_type = None;
    let mut contradictory = fine("run").answered().signal("any").task().whole();
    let events = &mut contradictory.history.as_mut().unwrap().events;
    events.truncate(events.len() - 2);
    let too_large = Status::resource_exhausted("grpc: received message larger than max (9 vs. 4)");
    vec![
        ("panic", Past::begin("Broken", "run").whole(), None),
        (
            "payload",
            fine("run").with_input(json("\"one\"")).whole(),
            None,
        ),
        (
            "mismatch",
            fine("run")
                .answered()
                .activity("1", "charge", "1")
                .task()
                .whole(),
            None,
        ),
        ("history", contradictory, None),
        ("message", unreadable, None),
        ("unknown type", Past::begin("Farewell", "run").whole(), None),
        ("too large", fine("run").whole(), Some(too_large)),
    ]
}

#[tokio::test]
async fn the_answer_to_a_second_failure_is_withheld_for_every_cause() {
    let cases = causes()
        .into_iter()
        .map(|(cause, mut task, refusal)| async move {
            let mut server = Server::new();
            let worker = server
                .worker()
                .executor_threads(1)
                .workflow::<Broken>()
                .workflow::<Fine>()
                .spawn()
                .await
                .unwrap();
            if let Some(refusal) = refusal {
                server.script().completions.push_back(Err(refusal));
            }
            task.attempt = 2;
            let token = task.task_token.clone();
            let begun = Instant::now();
            server.normal.send(Ok(task)).unwrap();
            server.normal.send(Ok(fine("probe").query("said"))).unwrap();
            let mut answered = false;
            let failed = loop {
                match server.next_call().await {
                    Call::Failed(failed) => break failed,
                    Call::Answered(_) => answered = true,
                    Call::Completed(_) => {}
                    other => panic!("{cause}: got {other:?}"),
                }
            };
            assert_eq!(failed.task_token, token, "{cause}");
            assert!(
                answered,
                "{cause}: the task failed before the query was answered"
            );
            assert!(begun.elapsed() >= secs(1), "{cause}");
            worker.shutdown().await.unwrap();
        });
    futures::future::join_all(cases).await;
}

#[tokio::test]
async fn a_failed_run_is_not_run_again_early_whatever_the_server_hands_out() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Broken>().spawn().await?;
    let task = |attempt: i32| {
        let mut task = Past::begin("Broken", "run").whole();
        task.attempt = attempt;
        task.task_token = attempt.to_string().into_bytes();
        task
    };
    server.normal.send(Ok(task(1)))?;
    assert_eq!(server.failed().await.task_token, b"1");
    server.normal.send(Ok(task(2)))?;
    // The second is known to have failed when a query after it was answered.
    server
        .normal
        .send(Ok(Past::begin("Broken", "run").query("any")))?;
    server.answered().await;
    // Its answer is withheld; those after it arrive early, and only the latest counts.
    for attempt in 3..200 {
        server.normal.send(Ok(task(attempt)))?;
    }
    assert_eq!(server.failed().await.task_token, b"2");
    worker.shutdown().await?;
    let last = loop {
        match server.next_call().await {
            Call::ShutDown(_) => {}
            Call::Failed(failed) => break failed,
            other => panic!("expected a failed task, got {other:?}"),
        }
    };
    assert_eq!(last.task_token, b"199");
    Ok(())
}

#[tokio::test]
async fn a_worker_that_ends_gives_back_the_tasks_that_failed() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Broken>().spawn().await?;
    let mut fifth = Past::begin("Broken", "run").whole();
    fifth.attempt = 5;
    let begun = Instant::now();
    server.normal.send(Ok(fifth))?;
    // The run is known to have failed when a task after it was answered.
    server
        .normal
        .send(Ok(Past::begin("Broken", "run").whole()))?;
    server.failed().await;
    worker.shutdown().await?;
    while !matches!(server.next_call().await, Call::Failed(_)) {}
    assert!(begun.elapsed() < secs(5));
    Ok(())
}

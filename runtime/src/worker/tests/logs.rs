//! Log lines about what failed: each names the attempt or the task in the same fields, and tells the
//! whole chain of causes.

use std::{fmt, future::poll_fn, task::Poll};

use durably_proto::{
    api::{common::v1::WorkflowType, workflowservice::v1::PollActivityTaskQueueResponse},
    wkt,
};
use tonic::Status;

use super::{
    past::{Past, attempt, json},
    server::{Call, Server},
    texts::eventually,
};
use crate::{
    interceptor::{LocalNext, ReceivedSignal, WorkflowInterceptor},
    prelude::*,
    telemetry::log::test_log,
};

/// Has a cause, which has a cause.
#[derive(Debug)]
struct Undeliverable(Broken);

#[derive(Debug)]
struct Broken(std::num::ParseIntError);

impl fmt::Display for Undeliverable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot deliver")
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the truck broke down")
    }
}

impl std::error::Error for Undeliverable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl std::error::Error for Broken {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[activity(start_to_close = "10s")]
async fn delivers() -> Result<(), Undeliverable> {
    let number = "x".parse::<u32>().unwrap_err();
    Err(Undeliverable(Broken(number)))
}

/// The text of the outer error quotes its cause.
#[activity(start_to_close = "10s")]
async fn quotes() -> Result<()> {
    let cause = AppError::new("Cold", "the oven is cold");
    let text = format!("no bread: {}", cause.message);
    Err(AppError::new("NoBread", text).caused_by(cause).into())
}

#[activity(start_to_close = "10s")]
async fn takes_a_number(n: u32) -> u32 {
    n
}

#[activity(start_to_close = "10s", heartbeat = "10s")]
async fn tells_nan(ctx: &ActivityCtx) {
    ctx.heartbeat(f64::NAN);
}

#[activity(start_to_close = "10s")]
async fn waits(ctx: &ActivityCtx) {
    ctx.cancelled().await;
}

#[activity(start_to_close = "10s")]
async fn hangs(ctx: &ActivityCtx) {
    ctx.heartbeat(());
    std::future::pending().await
}

/// An attempt with names of its own.
fn shipping(kind: &str) -> PollActivityTaskQueueResponse {
    let mut task = attempt(kind, None);
    task.activity_id = format!("{kind}-7");
    task.workflow_type = Some(WorkflowType {
        name: "Shipping".to_owned(),
    });
    let execution = task.workflow_execution.as_mut().unwrap();
    execution.workflow_id = format!("order-of-{kind}");
    execution.run_id = format!("run-of-{kind}");
    task
}

/// The line about it, from what it says on.
fn line(said: &str, kind: &str) -> String {
    format!(
        "WARN {said} activity_type=\"{kind}\" activity_id=\"{kind}-7\" attempt=2 \
         workflow_type=\"Shipping\" workflow_id=\"order-of-{kind}\" run_id=\"run-of-{kind}\" \
         task_queue=\"queue\""
    )
}

#[tokio::test]
async fn a_failed_attempt_is_named_with_the_chain_of_its_causes() -> Result<()> {
    test_log::open();
    let mut server = Server::new();
    let worker = server
        .worker()
        .shutdown_grace(millis(20))
        .activity::<delivers>()
        .activity::<quotes>()
        .activity::<takes_a_number>()
        .activity::<tells_nan>()
        .activity::<hangs>()
        .spawn()
        .await?;
    let failed = [
        (
            "delivers",
            "cannot deliver: the truck broke down: invalid digit found in string",
        ),
        ("quotes", "no bread: the oven is cold"),
        (
            "takes_a_number",
            "argument 1 `n` of activity `takes_a_number` is missing: expected `u32`",
        ),
        (
            "tells_nan",
            "cannot write the heartbeat details of activity `tells_nan` (`f64`): it is NaN, which \
             JSON cannot hold",
        ),
    ];
    for (kind, error) in failed {
        server.activities.send(Ok(shipping(kind)))?;
        until_failed(&mut server).await;
        let expected = line(&format!("activity attempt failed: {error}"), kind);
        assert_eq!(test_log::find(&expected), Some(expected));
    }
    let nan = format!("activity attempt will fail: {}", failed[3].1);
    assert_eq!(test_log::count(&line(&nan, "tells_nan")), 1);

    server.activities.send(Ok(shipping("unknown")))?;
    until_failed(&mut server).await;
    let told = test_log::find("activity attempt failed: activity `unknown` of workflow").unwrap();
    assert!(told.ends_with(&line("", "unknown")[5..]), "{told}");

    server.activities.send(Ok(shipping("hangs")))?;
    assert!(matches!(server.next_call().await, Call::Heartbeat(_)));
    worker.shutdown().await?;
    until_failed(&mut server).await;
    let error = "the worker is shutting down, and this attempt did not end in time";
    let expected = line(&format!("activity attempt failed: {error}"), "hangs");
    assert_eq!(test_log::find(&expected), Some(expected));
    Ok(())
}

async fn until_failed(server: &mut Server) {
    while !matches!(server.next_call().await, Call::ActivityFailed(_)) {}
}

#[tokio::test]
async fn an_attempt_that_times_out_is_named() -> Result<()> {
    test_log::open();
    let server = Server::new();
    let worker = server.worker().activity::<waits>().spawn().await?;
    let mut task = shipping("waits");
    task.start_to_close_timeout = Some(wkt::Duration {
        seconds: 0,
        nanos: 30_000_000,
    });
    server.activities.send(Ok(task))?;
    let expected = line("activity attempt timed out", "waits");
    let told = eventually(|| test_log::find(&expected)).await;
    assert_eq!(told, expected);
    worker.shutdown().await
}

/// Signals nobody handles, and a run method that fails its task.
#[derive(Default)]
struct Fragile;

#[workflow]
impl Fragile {
    #[run]
    async fn run(&mut self, ctx: &Ctx, n: u32) -> Result<()> {
        assert!(n > 0, "no number to work with");
        ctx.wait_until(|| n == 0).await?;
        Ok(())
    }

    #[signal]
    fn add(&mut self, _n: u32) {}
}

/// The line about a task of this run, from what it says on.
fn line_of_task(said: &str, run: &str, fields: &str) -> String {
    format!(
        "{said} workflow_type=\"Fragile\" workflow_id=\"id\" run_id=\"{run}\"{fields} \
         task_queue=\"queue\""
    )
}

#[tokio::test]
async fn a_workflow_task_that_fails_or_is_refused_is_named() -> Result<()> {
    test_log::open();
    let mut server = Server::new();
    let worker = server.worker().workflow::<Fragile>().spawn().await?;

    let task = Past::begin("Fragile", "run-that-panics").with_input(json("0"));
    server.normal.send(Ok(task.whole()))?;
    let failure = server.failed().await.failure.unwrap();
    let said = format!(
        "WARN workflow task failed, and will be tried again: {}",
        failure.message
    );
    let expected = line_of_task(&said, "run-that-panics", " attempt=1");
    assert_eq!(test_log::find(&expected), Some(expected));

    let refusal = Status::invalid_argument("no such command");
    server.script().completions.push_back(Err(refusal));
    let task = Past::begin("Fragile", "run-that-is-refused").with_input(json("1"));
    server.normal.send(Ok(task.whole()))?;
    server.completed().await;
    let said = "WARN the server refused the answer to a workflow task: no such command";
    let expected = line_of_task(said, "run-that-is-refused", " attempt=1");
    let expected = format!("{expected} code=InvalidArgument");
    let told = eventually(|| test_log::find(&expected)).await;
    assert_eq!(told, expected);

    let past = Past::begin("Fragile", "run-with-signals").with_input(json("1"));
    let signals = past.answered().signal("other").signal("add").task();
    server.normal.send(Ok(signals.whole()))?;
    server.completed().await;
    for said in [
        "WARN no handler for this signal; known signals: add",
        "ERROR a signal could not be read and is skipped: argument 1 `_n` of signal `add` is \
         missing: expected `u32`",
    ] {
        let expected = line_of_task(said, "run-with-signals", "");
        assert!(test_log::find(&expected).is_some(), "{expected}");
    }
    worker.shutdown().await
}

/// Lets the other parts of the run go first.
struct Late;

impl WorkflowInterceptor for Late {
    async fn signal(
        &self,
        _: &Ctx,
        signal: ReceivedSignal,
        next: LocalNext<ReceivedSignal>,
    ) -> Result<()> {
        let mut was_polled = false;
        poll_fn(|cx| match std::mem::replace(&mut was_polled, true) {
            true => Poll::Ready(()),
            false => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        })
        .await;
        next.run(signal).await
    }
}

#[tokio::test]
async fn a_signal_that_cannot_be_read_is_logged_when_an_interceptor_calls_its_handler() -> Result<()>
{
    test_log::open();
    let mut server = Server::new();
    let worker = server.worker().workflow::<Fragile>();
    let worker = worker.workflow_interceptor(Late).spawn().await?;
    let past = Past::begin("Fragile", "run-with-an-interceptor").with_input(json("1"));
    let signal = past.answered().signal("add").task();
    server.normal.send(Ok(signal.whole()))?;
    server.completed().await;
    let said = "ERROR a signal could not be read and is skipped: argument 1 `_n` of signal `add` is \
                missing: expected `u32`";
    // The signal is a field of the span of its handler.
    let expected = line_of_task(said, "run-with-an-interceptor", "") + " signal=\"add\"";
    assert_eq!(test_log::find(&expected), Some(expected));
    worker.shutdown().await
}

#[tokio::test]
async fn a_query_that_fails_its_task_is_not_said_to_be_tried_again() -> Result<()> {
    test_log::open();
    let mut server = Server::new();
    let worker = server.worker().workflow::<Fragile>().spawn().await?;
    let mut past = Past::begin("Fragile", "run-that-is-asked")
        .answered()
        .query("any");
    past.workflow_type = None;
    server.normal.send(Ok(past))?;
    server.answered().await;
    assert!(
        test_log::find("run_id=\"run-that-is-asked\"")
            .unwrap()
            .starts_with("WARN query failed: ")
    );
    worker.shutdown().await
}

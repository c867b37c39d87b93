//! Servers that are unreachable, servers that refuse, and malformed responses.

use durably_proto::{
    Message,
    api::{
        errordetails::v1::NamespaceNotFoundFailure,
        workflowservice::v1::{PollActivityTaskQueueResponse, PollWorkflowTaskQueueResponse},
    },
    rpc,
    wkt::Any,
};
use tonic::{Code, Status};

use super::{
    past::{attempt, json},
    server::Server,
};
use crate::{codec::Codecs, prelude::*, telemetry::log::test_log, worker::lifecycle::Phase};

#[activity(start_to_close = "10s")]
async fn double(n: u32) -> u32 {
    n * 2
}

#[derive(Default)]
struct Idle;

#[workflow]
impl Idle {
    #[run]
    async fn run(&mut self) {}
}

#[tokio::test]
async fn a_server_that_comes_back_is_polled_again() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().activity::<double>().spawn().await?;
    server
        .activities
        .send(Err(Status::unavailable("restarting")))?;
    server
        .activities
        .send(Err(Status::deadline_exceeded("no answer")))?;
    server.activities.send(Ok(attempt("double", json("21"))))?;
    assert_eq!(server.activity_completed().await.result, json("42"));
    worker.shutdown().await
}

#[tokio::test]
async fn an_unreachable_server_is_logged_once_and_once_more_when_it_is_reachable() -> Result<()> {
    test_log::open();
    let mut server = Server::new();
    let worker = server.worker().activity::<double>().spawn().await?;
    for _ in 0..2 {
        let broken = Status::unavailable("the cable of this test is cut");
        server.activities.send(Err(broken))?;
    }
    server.activities.send(Ok(attempt("double", json("21"))))?;
    server.activity_completed().await;
    let told = "server unreachable (polling for activity tasks failed), retrying in ";
    assert_eq!(test_log::count("the cable of this test is cut"), 1);
    let line = test_log::find("the cable of this test is cut").unwrap_or_default();
    assert!(
        line.contains(told) && line.contains("code=Unavailable"),
        "{line}"
    );
    assert!(test_log::count("server reachable again task_queue=\"queue\"") > 0);
    worker.shutdown().await
}

#[tokio::test]
async fn a_malformed_activity_task_is_logged_and_the_next_one_runs() -> Result<()> {
    test_log::open();
    let mut server = Server::new();
    let worker = server.worker().activity::<double>().spawn().await?;
    let nameless = PollActivityTaskQueueResponse {
        activity_type: None,
        ..attempt("double", json("1"))
    };
    server.activities.send(Ok(nameless))?;
    server.activities.send(Ok(attempt("double", json("21"))))?;
    assert_eq!(server.activity_completed().await.result, json("42"));
    let told = "polling for activity tasks brought a malformed task, which is left to its timeout: \
                activity task lacks `activity_type` task_queue=\"queue\"";
    assert_eq!(
        test_log::count(told),
        1,
        "{:?}",
        test_log::find("malformed task")
    );
    worker.shutdown().await
}

#[tokio::test]
async fn a_task_that_is_too_large_is_logged_and_the_next_one_runs() -> Result<()> {
    test_log::open();
    let mut server = Server::new();
    let worker = server.worker().activity::<double>().spawn().await?;
    let too_large = "decoded message length too large: 5000000007 bytes";
    server
        .activities
        .send(Err(Status::resource_exhausted(too_large)))?;
    server.activities.send(Ok(attempt("double", json("21"))))?;
    assert_eq!(server.activity_completed().await.result, json("42"));
    assert_eq!(test_log::count(too_large), 1);
    let line = test_log::find(too_large).unwrap_or_default();
    assert!(
        line.contains("polling for activity tasks brought a task that is too large"),
        "{line}"
    );
    worker.shutdown().await
}

#[tokio::test]
async fn a_name_over_a_limit_ends_the_worker() -> Result<()> {
    let server = Server::new();
    let worker = server.worker().activity::<double>();
    let refusal = Status::invalid_argument("TaskQueue length exceeds limit.");
    server.activities.send(Err(refusal))?;
    let text = worker.run().await.unwrap_err().to_string();
    assert!(text.contains("TaskQueue length exceeds limit."), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_workflow_task_without_its_run_fails_and_the_next_one_runs() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker().workflow::<Idle>().spawn().await?;
    let runless = PollWorkflowTaskQueueResponse {
        task_token: b"runless".to_vec(),
        ..Default::default()
    };
    server.normal.send(Ok(runless))?;
    let failed = server.failed().await;
    assert_eq!(failed.task_token, b"runless");
    assert_eq!(
        failed.failure.unwrap_or_default().message,
        "workflow task lacks `workflow_execution`"
    );
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
async fn a_namespace_that_is_not_there_is_told_as_clients_tell_it_and_once() -> Result<()> {
    let server = Server::new();
    let worker = server.worker().activity::<double>();
    let missing = NamespaceNotFoundFailure {
        namespace: "default".to_owned(),
    };
    let envelope = rpc::Status {
        code: Code::NotFound.into(),
        message: "Namespace default is not found.".to_owned(),
        details: vec![Any {
            type_url: "type.googleapis.com/temporal.api.errordetails.v1.NamespaceNotFoundFailure"
                .to_owned(),
            value: missing.encode_to_vec(),
        }],
    };
    let details = envelope.encode_to_vec().into();
    let refusal = Status::with_details(Code::NotFound, envelope.message, details);
    server.activities.send(Err(refusal))?;
    let error = worker.run().await.unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "the server gives no tasks of queue `queue` in namespace `default`: there is no namespace \
         `default` on this server; `temporal operator namespace create -n default` makes one"
    );
    Ok(())
}

#[tokio::test]
async fn a_worker_tells_what_it_polls_and_has_registered() -> Result<()> {
    test_log::open();
    let server = Server::new();
    let worker = server.worker().activity::<double>().spawn().await?;
    // The worker's own task runs for the first time.
    tokio::task::yield_now().await;
    let told = "worker started task_queue=\"queue\" namespace=\"default\" workflows=none \
                activities=`double`";
    assert!(
        test_log::count(told) > 0,
        "{:?}",
        test_log::find("worker started")
    );
    worker.shutdown().await
}

#[tokio::test]
async fn the_log_has_the_end_of_a_worker_and_that_its_guard_was_dropped() -> Result<()> {
    test_log::open();
    let server = Server::new();
    let worker = server.worker_of("dropped", &Codecs::default());
    let worker = worker.activity::<double>().spawn().await?;
    let handle = worker.handle();
    tokio::task::yield_now().await;
    drop(worker);
    handle.lifecycle.reached(Phase::Ended).await;
    for line in [
        "the guard of the worker is dropped, which ends it task_queue=\"dropped\"",
        "worker is shutting down task_queue=\"dropped\" namespace=\"default\"",
        "worker stopped task_queue=\"dropped\" namespace=\"default\"",
    ] {
        assert_eq!(test_log::count(line), 1, "{line}");
    }
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

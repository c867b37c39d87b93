//! Codecs see every payload that a worker gets and sends, before workflow code and after it.

use durably_proto::api::{
    command::v1::command::Attributes, workflowservice::v1::RecordActivityTaskHeartbeatResponse,
};

use super::{
    past::{Past, attempt, json},
    server::{Call, Server},
};
use crate::{
    prelude::*, telemetry::log::test_log, transport::test_codec::marks,
    wire::payload_fields::Subject,
};

#[activity(start_to_close = "10s")]
async fn double(n: u32) -> u32 {
    n * 2
}

#[activity(start_to_close = "10s")]
async fn echo(fails: bool) -> Result<String> {
    match fails {
        false => Ok("unmarkable".to_owned()),
        true => Err(AppError::new("Secret", "it has details")
            .details("unmarkable")
            .into()),
    }
}

/// Only its first heartbeat is sent before it ends.
#[activity(start_to_close = "10s", heartbeat = "10s")]
async fn beat(ctx: &ActivityCtx, fails: bool) -> Result<String> {
    ctx.heartbeat("unmarkable");
    ctx.cancelled().await;
    match fails {
        false => Ok("done".to_owned()),
        true => bail!("gave up"),
    }
}

/// Neither its result nor its answer can be encoded.
#[derive(Default)]
struct Unmarkable;

#[workflow]
impl Unmarkable {
    #[run]
    async fn run(&mut self) -> String {
        "unmarkable".to_owned()
    }

    #[query]
    fn secret(&self) -> String {
        "unmarkable".to_owned()
    }
}

#[derive(Default)]
struct Doubling;

#[workflow]
impl Doubling {
    #[run]
    async fn run(&mut self, n: u32) -> u32 {
        n * 2
    }
}

#[tokio::test]
async fn an_activity_sees_what_was_encoded_and_the_server_what_is() -> Result<()> {
    let mut server = Server::new();
    let (codecs, seen) = marks(b"ab");
    let worker = server.worker_with(codecs).activity::<double>();
    let worker = worker.spawn().await?;
    server
        .activities
        .send(Ok(attempt("double", json("21ab"))))?;
    assert_eq!(server.activity_completed().await.result, json("42ab"));
    let argument = Subject {
        workflow_id: "id".to_owned(),
        activity_type: Some("double".to_owned()),
    };
    let result = Subject::workflow("id");
    let expected = [argument.clone(), argument, result.clone(), result];
    assert_eq!(*seen.lock().unwrap(), expected);
    worker.shutdown().await
}

#[tokio::test]
async fn an_attempt_that_cannot_be_decoded_fails_and_may_be_retried() -> Result<()> {
    let mut server = Server::new();
    let (codecs, _) = marks(b"a");
    let worker = server.worker_with(codecs).activity::<double>();
    let worker = worker.spawn().await?;
    server.activities.send(Ok(attempt("double", json("21b"))))?;
    let failed = server.activity_failed().await.failure.unwrap_or_default();
    assert_eq!(
        failed.message,
        "a payload codec failed: the key does not fit"
    );
    server.activities.send(Ok(attempt("double", json("21a"))))?;
    assert_eq!(server.activity_completed().await.result, json("42a"));
    worker.shutdown().await
}

#[tokio::test]
async fn a_workflow_task_is_decoded_and_its_commands_are_encoded() -> Result<()> {
    let mut server = Server::new();
    let (codecs, seen) = marks(b"ab");
    let worker = server.worker_with(codecs).workflow::<Doubling>();
    let worker = worker.spawn().await?;
    let past = Past::begin("Doubling", "run-c1").with_input(json("21ab"));
    server.normal.send(Ok(past.whole()))?;
    let completed = server.completed().await;
    let Some(Attributes::CompleteWorkflowExecutionCommandAttributes(ended)) =
        &completed.commands[0].attributes
    else {
        panic!("the workflow ends");
    };
    assert_eq!(ended.result, json("42ab"));
    let seen = seen.lock().unwrap().clone();
    assert!(
        seen.iter().all(|about| about.workflow_id == "id"),
        "{seen:?}"
    );
    worker.shutdown().await
}

#[tokio::test]
async fn a_workflow_task_that_cannot_be_decoded_fails_and_a_later_one_is_done() -> Result<()> {
    let mut server = Server::new();
    let (codecs, _) = marks(b"a");
    let worker = server.worker_with(codecs).workflow::<Doubling>();
    let worker = worker.spawn().await?;
    let past = Past::begin("Doubling", "run-c2");
    let undecodable = past.clone().with_input(json("21b"));
    server.normal.send(Ok(undecodable.whole()))?;
    let failed = server.failed().await.failure.unwrap_or_default();
    assert_eq!(
        failed.message,
        "workflow task: `payloads` cannot be decoded: a payload codec failed: the key does not fit"
    );
    server
        .normal
        .send(Ok(past.with_input(json("21a")).whole()))?;
    assert_eq!(server.completed().await.commands.len(), 1);
    worker.shutdown().await
}

const NO_KEY: &str = "a payload codec failed: there is no key";

#[tokio::test]
async fn an_attempt_whose_result_or_error_cannot_be_encoded_fails_with_the_reason() -> Result<()> {
    let mut server = Server::new();
    let (codecs, _) = marks(b"a");
    let worker = server.worker_with(codecs).activity::<echo>();
    let worker = worker.spawn().await?;
    for fails in ["falsea", "truea"] {
        server.activities.send(Ok(attempt("echo", json(fails))))?;
        let failed = server.activity_failed().await.failure.unwrap_or_default();
        assert_eq!(failed.message, NO_KEY);
    }
    worker.shutdown().await
}

#[tokio::test]
async fn a_workflow_task_whose_response_cannot_be_encoded_fails_with_the_reason() -> Result<()> {
    let mut server = Server::new();
    let (codecs, _) = marks(b"a");
    let worker = server.worker_with(codecs).workflow::<Unmarkable>();
    let worker = worker.spawn().await?;
    let past = Past::begin("Unmarkable", "run-c3");
    server.normal.send(Ok(past.whole()))?;
    let failed = server.failed().await.failure.unwrap_or_default();
    assert_eq!(failed.message, NO_KEY);
    let ended = past.answered().ended("\"another\"a");
    server.normal.send(Ok(ended.query("secret")))?;
    assert_eq!(server.answered().await.error_message, NO_KEY);
    worker.shutdown().await
}

#[tokio::test]
async fn a_heartbeat_that_cannot_be_encoded_is_logged_and_the_attempt_goes_on() -> Result<()> {
    test_log::open();
    let mut server = Server::new();
    let (codecs, _) = marks(b"a");
    let worker = server.worker_with(codecs).activity::<beat>();
    let worker = worker.spawn().await?;
    let cancel = || RecordActivityTaskHeartbeatResponse {
        cancel_requested: true,
        ..Default::default()
    };

    server.script().heartbeats.push_back(Ok(cancel()));
    let mut first = attempt("beat", json("falsea"));
    first.activity_id = "unencodable".to_owned();
    server.activities.send(Ok(first))?;
    let Call::Heartbeat(alive) = server.next_call().await else {
        panic!("the server hears that the attempt is alive");
    };
    assert_eq!(alive.details, None, "it has none yet");
    assert_eq!(server.activity_completed().await.result, json("\"done\"a"));
    let expected = format!(
        "details of a heartbeat cannot be sent: {NO_KEY} activity_type=\"beat\" \
         activity_id=\"unencodable\" attempt=2"
    );
    assert_eq!(test_log::count(&expected), 1);

    server.script().heartbeats.push_back(Ok(cancel()));
    let mut second = attempt("beat", json("truea"));
    second.heartbeat_details = json("1a");
    server.activities.send(Ok(second))?;
    let Call::Heartbeat(alive) = server.next_call().await else {
        panic!("the server hears that the attempt is alive");
    };
    assert_eq!(alive.details, json("1a"), "it keeps what it has");
    let failed = server.activity_failed().await;
    let told = failed.failure.unwrap_or_default().message;
    assert_eq!(told, "gave up", "what cannot be encoded does not hide it");
    assert_eq!(failed.last_heartbeat_details, None);
    worker.shutdown().await
}

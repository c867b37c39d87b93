//! Codecs see every payload that a worker gets and sends, before workflow code and after it.

use std::time::Duration;

use durably_engine::Payload;
use durably_proto::api::command::v1::command::Attributes;
use tokio::sync::watch;

use super::{
    past::{Past, attempt, json},
    server::{Call, Server, cancels},
};
use crate::{
    codec::{CodecContext, CodecError, Codecs, PayloadCodec},
    prelude::*,
    telemetry::log::test_log,
    transport::test_codec::marks,
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
    let seen = seen.lock().unwrap().clone();
    assert!(
        seen.iter()
            .all(|it| it.namespace() == "default" && it.workflow_id() == Some("id"))
    );
    let types: Vec<_> = seen.iter().map(CodecContext::activity_type).collect();
    assert_eq!(types, [Some("double"), Some("double"), None, None]);
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
        "codec `Mark` cannot decode payload `input[0]` of workflow `id`: the key does not fit"
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
        seen.iter().all(|about| about.workflow_id() == Some("id")),
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
        "workflow task: `payloads` cannot be decoded: codec `Mark` cannot decode payload \
         `history.events[0].WorkflowExecutionStarted.input[0]` of workflow `id`: the key does not fit"
    );
    server
        .normal
        .send(Ok(past.with_input(json("21a")).whole()))?;
    assert_eq!(server.completed().await.commands.len(), 1);
    worker.shutdown().await
}

fn no_key(payload: &str) -> String {
    format!("codec `Mark` cannot encode payload `{payload}` of workflow `id`: there is no key")
}

#[tokio::test]
async fn an_attempt_whose_result_or_error_cannot_be_encoded_fails_with_the_reason() -> Result<()> {
    let mut server = Server::new();
    let (codecs, _) = marks(b"a");
    let worker = server.worker_with(codecs).activity::<echo>();
    let worker = worker.spawn().await?;
    for fails in ["falsea", "truea"] {
        server.activities.send(Ok(attempt("echo", json(fails))))?;
        let failed = server.activity_failed().await.failure.unwrap_or_default();
        let payload = match fails {
            "falsea" => "result[0]",
            _ => "failure.ApplicationFailureInfo.details[0]",
        };
        assert_eq!(failed.message, no_key(payload));
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
    let result = "commands[0].CompleteWorkflowExecution.result[0]";
    assert_eq!(failed.message, no_key(result));
    let ended = past.answered().ended("\"another\"a");
    server.normal.send(Ok(ended.query("secret")))?;
    assert_eq!(
        server.answered().await.error_message,
        no_key("query_result[0]")
    );
    worker.shutdown().await
}

#[tokio::test]
async fn a_heartbeat_that_cannot_be_encoded_is_logged_and_the_attempt_goes_on() -> Result<()> {
    test_log::open();
    let mut server = Server::new();
    let (codecs, _) = marks(b"a");
    let worker = server.worker_with(codecs).activity::<beat>();
    let worker = worker.spawn().await?;

    server.script().heartbeats.push_back(Ok(cancels()));
    let mut first = attempt("beat", json("falsea"));
    first.activity_id = "unencodable".to_owned();
    server.activities.send(Ok(first))?;
    let Call::Heartbeat(alive) = server.next_call().await else {
        panic!("the server hears that the attempt is alive");
    };
    assert_eq!(alive.details, None, "it has none yet");
    assert_eq!(server.activity_completed().await.result, json("\"done\"a"));
    let expected = format!(
        "details of a heartbeat cannot be sent: {} activity_type=\"beat\" \
         activity_id=\"unencodable\" attempt=2",
        no_key("details[0]")
    );
    assert_eq!(test_log::count(&expected), 1);

    server.script().heartbeats.push_back(Ok(cancels()));
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

/// Waits for the end of the test with what contains `stuck`, in its thread or without one.
struct Stuck {
    blocks: bool,
    end: watch::Receiver<()>,
}

impl PayloadCodec for Stuck {
    async fn encode(
        &self,
        payloads: Vec<Payload>,
        _: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        Ok(payloads)
    }

    async fn decode(
        &self,
        payloads: Vec<Payload>,
        _: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        let is_stuck = |payload: &Payload| payload.data() == b"5";
        if payloads.iter().any(is_stuck) {
            let mut end = self.end.clone();
            match self.blocks {
                true => {
                    while matches!(end.has_changed(), Ok(false)) {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                }
                false => _ = end.changed().await,
            }
        }
        Ok(payloads)
    }
}

#[tokio::test]
async fn a_codec_that_hangs_holds_up_its_own_task_only() -> Result<()> {
    for blocks in [true, false] {
        let (over, end) = watch::channel(());
        let mut server = Server::new();
        let codecs = Codecs::new().codec(Stuck { blocks, end }).timeout(hours(1));
        let worker = server.worker_with(codecs).workflow::<Doubling>();
        let worker = worker.spawn().await?;
        let past = |run: &str, input| Past::begin("Doubling", run).with_input(json(input));
        // More tasks than there are pollers.
        for n in 0..20 {
            server
                .normal
                .send(Ok(past(&format!("stuck-{blocks}-{n}"), "5").whole()))?;
        }
        server
            .normal
            .send(Ok(past(&format!("free-{blocks}"), "6").whole()))?;
        let Some(Attributes::CompleteWorkflowExecutionCommandAttributes(ended)) =
            &server.completed().await.commands[0].attributes
        else {
            panic!("the workflow ends");
        };
        assert_eq!(ended.result, json("12"));
        over.send(())?;
        for _ in 0..20 {
            assert_eq!(server.completed().await.commands.len(), 1);
        }
        worker.shutdown().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_task_of_a_codec_that_hangs_fails_and_says_so() -> Result<()> {
    for blocks in [true, false] {
        let (_over, end) = watch::channel(());
        let mut server = Server::new();
        let codecs = Codecs::new()
            .codec(Stuck { blocks, end })
            .timeout(millis(20));
        let worker = server.worker_with(codecs).workflow::<Doubling>();
        let worker = worker.activity::<double>().spawn().await?;
        let run = format!("late-{blocks}");
        let past = Past::begin("Doubling", &run).with_input(json("5"));
        server.normal.send(Ok(past.whole()))?;
        let failed = server.failed().await.failure.unwrap_or_default();
        assert_eq!(
            failed.message,
            "workflow task: `payloads` cannot be decoded: codec `Stuck` cannot decode payload \
             `history.events[0].WorkflowExecutionStarted.input[0]` of workflow `id`: it took longer than \
             20ms"
        );
        server.activities.send(Ok(attempt("double", json("5"))))?;
        let failed = server.activity_failed().await.failure.unwrap_or_default();
        assert_eq!(
            failed.message,
            "codec `Stuck` cannot decode payload `input[0]` of workflow `id`: it took longer than 20ms"
        );
        worker.shutdown().await?;
    }
    Ok(())
}

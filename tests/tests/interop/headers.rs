//! Headers that interceptors of the Python SDK set and ours read, and the other way round.

use std::collections::BTreeMap;

use durably::{
    interceptor::{ActivityRequest, WorkflowInterceptor},
    prelude::*,
};
use durably_proto::api::{
    common::v1::{Header, Payload, Payloads, WorkflowType},
    history::v1::history_event::Attributes,
    taskqueue::v1::TaskQueue,
};
use durably_tests::{
    World, history, on_both_servers,
    process::{Process, python},
};

/// Adds the header that it finds.
#[activity(start_to_close = "10s")]
async fn whisper(ctx: &ActivityCtx, word: String) -> Result<String> {
    let found: Option<String> = ctx.headers().get("trace")?;
    Ok(format!(
        "{} {}",
        word.to_lowercase(),
        found.unwrap_or_default()
    ))
}

/// Passes the header of a run on to the activities of Python.
struct PassOn;

impl WorkflowInterceptor for PassOn {
    fn start_activity(&self, view: &View, request: &mut ActivityRequest) -> Result<()> {
        if let Some(found) = view.headers().get::<String>("trace")? {
            request
                .headers
                .set("trace", format!("{found} of a {}", view.workflow_type()))?;
        }
        Ok(())
    }
}

/// What the Python worker's interceptor adds to each result: the headers that it found.
type WithHeaders = (BTreeMap<String, String>, String);

/// Calls an activity of its own worker, and one of a Python worker.
#[derive(Default)]
struct Relay {
    words: Vec<String>,
    closed: bool,
}

#[workflow(name = "relay")]
impl Relay {
    #[run]
    async fn run(&mut self, ctx: &Ctx, queue: String) -> Result<(String, WithHeaders)> {
        ctx.wait_until(|| self.closed).await?;
        let word = whisper::call(ctx, self.words.concat()).await?;
        let shouted = ctx
            .activity("shout", (word.clone(),))
            .task_queue(queue)
            .start_to_close(secs(10))
            .await?;
        Ok((word, shouted))
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }

    #[query]
    fn words(&self) -> Vec<String> {
        self.words.clone()
    }

    #[update]
    fn add(&mut self, word: String) -> usize {
        self.words.push(word);
        self.words.len()
    }
}

on_both_servers! {
    headers_are_read_across_languages
}

fn payload(value: &str) -> Payload {
    Payload {
        metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
        data: format!("\"{value}\"").into_bytes(),
        ..Default::default()
    }
}

fn header(value: &str) -> Option<Header> {
    Some(Header {
        fields: [("trace".to_owned(), payload(value))].into(),
    })
}

/// The headers in a run's history, each after the kind of its event; an empty one is not there.
async fn recorded(world: &World, workflow_id: &str) -> Vec<(&'static str, Option<Header>)> {
    let events = history::events(&world.address(), workflow_id, "").await;
    let headers = events.into_iter().filter_map(|event| {
        let (kind, header) = match event.attributes? {
            Attributes::WorkflowExecutionStartedEventAttributes(it) => ("start", it.header),
            Attributes::WorkflowExecutionSignaledEventAttributes(it) => ("signal", it.header),
            Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(it) => {
                ("update", it.accepted_request?.input?.header)
            }
            Attributes::ActivityTaskScheduledEventAttributes(it) => ("activity", it.header),
            _ => return None,
        };
        Some((kind, header.filter(|header| !header.fields.is_empty())))
    });
    headers.collect()
}

async fn headers_are_read_across_languages(world: &World) -> Result<()> {
    let Some(mut command) = python("headers.py") else {
        return Ok(());
    };
    let worker = world
        .worker()
        .workflow::<Relay>()
        .activity::<whisper>()
        .workflow_interceptor(PassOn)
        .spawn()
        .await?;
    command.args([world.address(), world.queue.clone()]);
    let _python = Process::start(command, "driven");
    assert_eq!(
        recorded(world, &format!("{}-relay", world.queue)).await,
        [
            ("start", header("start")),
            ("update", header("update")),
            ("signal", header("signal")),
            ("activity", header("start of a relay")),
            ("activity", header("start of a relay")),
        ]
    );

    // A header of a raw request reaches the interceptor; one of a Python workflow reaches our worker.
    let mut start = world.start_request();
    start.workflow_type = Some(WorkflowType {
        name: "Foreign".to_owned(),
    });
    start.task_queue = Some(TaskQueue {
        name: format!("{}-python", world.queue),
        ..Default::default()
    });
    start.input = Some(Payloads {
        payloads: vec![payload(&world.queue)],
    });
    start.header = header("raw");
    let id = start.workflow_id.clone();
    let raw = world.client.raw();
    let started = raw.start_workflow_execution(start, secs(10)).await;
    started.expect("the request is valid");
    let result: WithHeaders = world.client.handle(&id).result().await?;
    let found = [("trace".to_owned(), "raw".to_owned())].into();
    assert_eq!(result, (found, "hello activity".to_owned()));
    assert_eq!(
        recorded(world, &id).await,
        [("start", header("raw")), ("activity", header("activity"))]
    );
    worker.shutdown().await
}

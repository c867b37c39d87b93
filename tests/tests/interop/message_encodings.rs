//! Protobuf messages whose encoding `#[durably::data(encoding = "..")]` sets. They are messages of
//! Temporal's API under their names, which the Python SDK has too.

use durably::{
    data::{Encoded, Payload},
    prelude::*,
};
use durably_proto::api::{
    common::v1::Payload as RawPayload, history::v1::history_event::Attributes,
};
use durably_tests::{World, history::events, on_both_servers};

use super::payloads::run_python;

/// It has serde's traits, so that its encoding would be `json/protobuf`.
#[durably::data(encoding = "binary/protobuf")]
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Run {
    #[prost(string, tag = "1")]
    workflow_id: String,
    #[prost(string, tag = "2")]
    run_id: String,
}

impl prost::Name for Run {
    const NAME: &'static str = "WorkflowExecution";
    const PACKAGE: &'static str = "temporal.api.common.v1";
}

#[durably::data(encoding = "json/protobuf")]
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(default)]
struct Kind {
    #[prost(string, tag = "1")]
    name: String,
}

impl prost::Name for Kind {
    const NAME: &'static str = "WorkflowType";
    const PACKAGE: &'static str = "temporal.api.common.v1";
}

fn run_of(workflow_id: &str) -> Run {
    Run {
        workflow_id: workflow_id.to_owned(),
        run_id: "r".to_owned(),
    }
}

fn kind(name: &str) -> Kind {
    Kind {
        name: name.to_owned(),
    }
}

/// The runs whose ids are the names of the kinds.
#[activity(start_to_close = "10s")]
async fn runs_of(run: Run, kinds: Vec<Kind>) -> Result<Vec<Run>> {
    if kinds.is_empty() {
        let error = AppError::new("Empty", "no kinds").non_retryable();
        let error = error.details(Encoded(run)).details(Encoded(kind("none")));
        return Err(error.into());
    }
    let runs = kinds.into_iter().map(|kind| Run {
        workflow_id: kind.name,
        ..run.clone()
    });
    Ok(runs.collect())
}

/// Collects kinds until a signal without a run, and returns the first run and the last kind.
#[derive(Default)]
struct Relay {
    runs: Vec<Run>,
    kinds: Vec<Kind>,
    is_closed: bool,
}

#[workflow(name = "relay")]
impl Relay {
    #[run]
    async fn run(&mut self, ctx: &Ctx, first: Run) -> Result<Run> {
        ctx.wait_until(|| self.is_closed).await?;
        let failed = runs_of::call(ctx, first.clone(), Vec::new()).await;
        let failed = failed.unwrap_err();
        let app = failed.app().expect("the activity returned it");
        assert_eq!(app.detail::<Encoded<Run>>(0)?.0, first);
        assert_eq!(app.detail::<Encoded<Kind>>(1)?.0, kind("none"));
        let encodings = [app.detail::<Encoded<Payload>>(0)?, app.detail(1)?];
        let encodings = encodings.each_ref().map(|detail| detail.0.encoding());
        assert_eq!(encodings, ["binary/protobuf", "json/protobuf"]);

        let runs = runs_of::call(ctx, first, self.kinds.clone()).await?;
        self.runs.extend(runs);
        self.runs
            .pop()
            .ok_or_else(|| AppError::new("Empty", "no runs").into())
    }

    #[signal]
    fn add(&mut self, run: Option<Run>, kinds: Vec<Kind>) {
        self.is_closed = run.is_none();
        self.runs.extend(run);
        self.kinds.extend(kinds);
    }

    #[query]
    fn last(&self, before: Kind) -> Option<Kind> {
        let position = self.kinds.iter().position(|it| *it == before)?;
        position.checked_sub(1).map(|it| self.kinds[it].clone())
    }
}

on_both_servers! {
    a_message_has_the_encoding_of_its_type_everywhere
    a_python_program_sends_and_receives_messages_with_set_encodings
}

fn encodings<'e>(payloads: impl IntoIterator<Item = &'e RawPayload>) -> Vec<String> {
    let encoding =
        |payload: &RawPayload| String::from_utf8_lossy(&payload.metadata["encoding"]).into_owned();
    payloads.into_iter().map(encoding).collect()
}

async fn a_message_has_the_encoding_of_its_type_everywhere(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Relay>().activity::<runs_of>();
    let worker = worker.spawn().await?;
    let relay = Relay::start(&world.client, run_of("first"))
        .task_queue(&world.queue)
        .await?;
    relay.add(Some(run_of("second")), vec![kind("a")]).await?;
    assert_eq!(relay.last(kind("a")).await?, None);
    relay.add(None, vec![kind("b")]).await?;
    assert_eq!(relay.result().await?, run_of("b"));
    assert_eq!(relay.last(kind("b")).await?, Some(kind("a")));

    let mut found = Vec::new();
    for event in events(&world.address(), relay.id(), "").await {
        let payloads = match event.attributes.expect("each event has attributes") {
            Attributes::WorkflowExecutionStartedEventAttributes(it) => it.input,
            Attributes::WorkflowExecutionSignaledEventAttributes(it) => it.input,
            Attributes::ActivityTaskScheduledEventAttributes(it) => it.input,
            Attributes::ActivityTaskCompletedEventAttributes(it) => it.result,
            Attributes::WorkflowExecutionCompletedEventAttributes(it) => it.result,
            _ => continue,
        };
        found.push(encodings(&payloads.expect("it has payloads").payloads).join(" "));
    }
    let expected = [
        "binary/protobuf",
        // A list is one payload, a message of payloads.
        "binary/protobuf binary/protobuf",
        "binary/null binary/protobuf",
        "binary/protobuf binary/protobuf",
        "binary/protobuf binary/protobuf",
        "binary/protobuf",
        "binary/protobuf",
    ];
    assert_eq!(found, expected);
    worker.shutdown().await
}

async fn a_python_program_sends_and_receives_messages_with_set_encodings(
    world: &World,
) -> Result<()> {
    let worker = world.worker().workflow::<Relay>().activity::<runs_of>();
    let worker = worker.spawn().await?;
    run_python("message_encodings_client.py", world).await?;
    worker.shutdown().await
}

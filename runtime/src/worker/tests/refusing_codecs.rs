//! Codecs that refuse, panic or hang at each place of a workflow task: the task fails with words, and the next one is
//! done.

use durably_proto::api::{
    common::v1::{
        Header, Memo, Payload as ProtoPayload, Payloads, WorkflowExecution, WorkflowType,
    },
    enums::v1::EventType,
    history::v1::{history_event::Attributes, *},
    query::v1::WorkflowQuery,
    sdk::v1::UserMetadata,
    workflowservice::v1::PollWorkflowTaskQueueResponse,
};

use super::{
    past::{Past, json, update},
    server::Server,
};
use crate::{
    data::{Args, Value},
    prelude::*,
    transport::faulty_codec::{ACTS, Act, BAD, faulty},
};

/// Codecs that do not return know the payload only if it is alone in the whole message.
fn told(act: Act, path: &str, is_alone: bool) -> String {
    let what = match act.ends() || is_alone {
        true => format!("payload `{path}` of workflow `id`"),
        false => "payloads of workflow `id`".to_owned(),
    };
    act.told("decode", &what)
}

#[derive(Default)]
struct Asked {
    signals: u32,
}

#[workflow]
impl Asked {
    #[run]
    async fn run(&mut self, ctx: &Ctx, _n: u32) -> Result<()> {
        Ok(ctx.sleep(hours(1)).await?)
    }

    #[signal]
    fn add(&mut self, n: u32) {
        self.signals += n;
    }

    #[query]
    fn plus(&self, n: u32) -> u32 {
        self.signals + n
    }
}

fn event(id: i64, kind: EventType, attributes: Attributes) -> HistoryEvent {
    HistoryEvent {
        event_id: id,
        event_type: kind.into(),
        event_time: Some(Default::default()),
        attributes: Some(attributes),
        ..Default::default()
    }
}

fn one(text: &str) -> ProtoPayload {
    json(text).expect("it has one").payloads.remove(0)
}

fn fields(text: &str) -> std::collections::HashMap<String, ProtoPayload> {
    [("color".to_owned(), one(text))].into()
}

/// A task of `Asked` with one thing more than its start.
type Place = (&'static str, fn(&mut PollWorkflowTaskQueueResponse, &str));

fn began(task: &mut PollWorkflowTaskQueueResponse) -> &mut WorkflowExecutionStartedEventAttributes {
    let history = task.history.as_mut().expect("it has a history");
    match &mut history.events[0].attributes {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(began)) => began,
        other => panic!("{other:?}"),
    }
}

/// Puts an event before the last two, which are those of the task.
fn insert(task: &mut PollWorkflowTaskQueueResponse, kind: EventType, attributes: Attributes) {
    let history = task.history.as_mut().expect("it has a history");
    let place = history.events.len() - 2;
    history.events.insert(place, event(0, kind, attributes));
    for (index, event) in history.events.iter_mut().enumerate() {
        event.event_id = index as i64 + 1;
    }
    task.started_event_id += 1;
}

const DECODED: [Place; 9] = [
    (
        "history.events[0].WorkflowExecutionStarted.input[0]",
        |task, text| {
            began(task).input = json(text);
        },
    ),
    (
        "history.events[0].WorkflowExecutionStarted.memo.fields[\"color\"][0]",
        |task, text| {
            began(task).memo = Some(Memo {
                fields: fields(text),
            });
        },
    ),
    (
        "history.events[0].WorkflowExecutionStarted.header[\"color\"][0]",
        |task, text| {
            began(task).header = Some(Header {
                fields: fields(text),
            });
        },
    ),
    (
        "history.events[0].WorkflowExecutionStarted.last_completion_result[0]",
        |task, text| {
            began(task).last_completion_result = json(text);
        },
    ),
    (
        "history.events[0].user_metadata.summary[0]",
        |task, text| {
            let history = task.history.as_mut().expect("it has a history");
            history.events[0].user_metadata = Some(UserMetadata {
                summary: Some(one(text)),
                details: None,
            });
        },
    ),
    (
        "history.events[1].WorkflowExecutionSignaled.input[0]",
        |task, text| {
            let signaled = WorkflowExecutionSignaledEventAttributes {
                signal_name: "add".to_owned(),
                input: json(text),
                ..Default::default()
            };
            let attributes = Attributes::WorkflowExecutionSignaledEventAttributes(signaled);
            insert(task, EventType::WorkflowExecutionSignaled, attributes);
        },
    ),
    (
        "history.events[1].ChildWorkflowExecutionCompleted.result[0]",
        |task, text| {
            let ended = ChildWorkflowExecutionCompletedEventAttributes {
                // A child of this name has the subject of the run.
                workflow_execution: Some(WorkflowExecution {
                    workflow_id: "id".to_owned(),
                    ..Default::default()
                }),
                workflow_type: Some(WorkflowType::default()),
                result: json(text),
                ..Default::default()
            };
            let attributes = Attributes::ChildWorkflowExecutionCompletedEventAttributes(ended);
            insert(task, EventType::ChildWorkflowExecutionCompleted, attributes);
        },
    ),
    (
        "history.events[1].MarkerRecorded[\"data\"][0]",
        |task, text| {
            let marker = MarkerRecordedEventAttributes {
                marker_name: "SideEffect".to_owned(),
                details: [("data".to_owned(), json(text).unwrap_or_default())].into(),
                ..Default::default()
            };
            let attributes = Attributes::MarkerRecordedEventAttributes(marker);
            insert(task, EventType::MarkerRecorded, attributes);
        },
    ),
    ("messages[0].input.args[0]", |task, text| {
        task.messages = vec![update("set", json(text))];
    }),
];

#[tokio::test]
async fn what_cannot_be_decoded_in_a_task_fails_it_and_the_next_task_is_done() -> Result<()> {
    for act in ACTS {
        let mut server = Server::new();
        let worker = server.worker_with(faulty(act).0).workflow::<Asked>();
        let worker = worker.spawn().await?;
        for (index, (path, put)) in DECODED.into_iter().enumerate() {
            // The first is the argument itself.
            let input = Payloads {
                payloads: vec![one("1")],
            };
            let past = Past::begin("Asked", &format!("{act:?}-{index}")).with_input(Some(input));
            let mut task = past.whole();
            put(&mut task, BAD);
            server.normal.send(Ok(task))?;
            let failed = server.failed().await.failure.unwrap_or_default();
            let why = told(act, path, index == 0);
            let expected = format!("workflow task: `payloads` cannot be decoded: {why}");
            assert_eq!(failed.message, expected, "{act:?} {path}");
        }
        let past = Past::begin("Asked", &format!("{act:?}-after")).with_input(json("1"));
        server.normal.send(Ok(past.whole()))?;
        assert_eq!(server.completed().await.commands.len(), 1, "a timer");
        worker.shutdown().await?;
    }
    Ok(())
}

/// Answers with its arguments as they are.
#[derive(Default)]
struct Echo;

#[workflow]
impl Echo {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        Ok(ctx.sleep(hours(1)).await?)
    }

    #[query(dynamic)]
    fn ask(&self, _name: String, args: Args) -> Value {
        Value::from(args.into_payloads().swap_remove(0))
    }
}

fn asked(text: &str) -> WorkflowQuery {
    WorkflowQuery {
        query_type: "plus".to_owned(),
        query_args: json(text),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_query_that_cannot_be_decoded_fails_alone() -> Result<()> {
    for act in ACTS {
        let mut server = Server::new();
        let worker = server.worker_with(faulty(act).0).workflow::<Asked>();
        let worker = worker.spawn().await?;
        let past = Past::begin("Asked", &format!("{act:?}-asked")).with_input(json("1"));
        let mut task = past.whole();
        task.queries = [
            ("bad".to_owned(), asked(BAD)),
            ("good".to_owned(), asked("2")),
        ]
        .into();
        server.normal.send(Ok(task))?;
        let mut completed = server.completed().await;
        assert_eq!(completed.commands.len(), 1, "a timer");
        let good = completed.query_results.remove("good").unwrap_or_default();
        let bad = completed.query_results.remove("bad").unwrap_or_default();
        let failed =
            |why: &str| format!("cannot read argument 1 `n` of query `plus` as `u32`: {why}");
        match act {
            Act::Refuse | Act::Panic => {
                assert_eq!(good.answer, json("2"));
                let why = told(act, "queries[\"bad\"].query_args[0]", true);
                assert_eq!(bad.error_message, failed(&why));
            }
            // Codecs that do not come to an end have decoded none of the queries.
            Act::Hang | Act::Block => {
                let why = told(act, "", false);
                assert_eq!(bad.error_message, failed(&why), "{act:?}");
                assert_eq!(good.error_message, failed(&why), "{act:?}");
            }
        }
        let mut alone = past.answered().query("plus");
        alone.query = Some(asked(BAD));
        server.normal.send(Ok(alone))?;
        let answered = server.answered().await;
        let why = told(act, "query.query_args[0]", false);
        assert_eq!(
            answered.error_message,
            format!("workflow task: `payloads` cannot be decoded: {why}")
        );
        worker.shutdown().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_dynamic_query_does_not_see_what_stands_for_an_argument() -> Result<()> {
    let mut server = Server::new();
    let worker = server.worker_with(faulty(Act::Refuse).0).workflow::<Echo>();
    let worker = worker.spawn().await?;
    let mut task = Past::begin("Echo", "echo").whole();
    task.queries = [
        ("bad".to_owned(), asked(BAD)),
        ("good".to_owned(), asked("2")),
    ]
    .into();
    server.normal.send(Ok(task))?;
    let mut completed = server.completed().await;
    assert_eq!(completed.commands.len(), 1, "a timer");
    let good = completed.query_results.remove("good").unwrap_or_default();
    assert_eq!(good.answer, json("2"));
    let bad = completed.query_results.remove("bad").unwrap_or_default();
    let why = told(Act::Refuse, "queries[\"bad\"].query_args[0]", true);
    assert_eq!(
        bad.error_message,
        format!("cannot read argument 1 of query `plus` as `Payload`: {why}")
    );
    worker.shutdown().await
}

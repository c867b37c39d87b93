//! Headers reach the server with each request and command, and come in with each event and task.

use durably_engine::{
    Command, ContinueAsNew, EndRun, EventKind, Fact, Header, Payload, Queries, ScheduleActivity,
    SignalExternal, StartChild, TaskCompletion,
};
use durably_proto::{
    Message as _,
    api::{
        command::v1::command::Attributes as CommandAttributes, common::v1 as common,
        history::v1 as history, history::v1::history_event::Attributes, protocol::v1 as protocol,
        query::v1::WorkflowQuery, update::v1 as update, workflowservice::v1 as pb,
    },
    wkt,
};

use super::{
    activity_task::ActivityTask,
    command, payload,
    query::QueryWorkflow,
    request::{Execution, Request, Sender},
    signal::SignalWorkflow,
    start::{SignalWithStart, StartWorkflow, UpdateWithStart},
    update::{Stage, UpdateWorkflow},
    workflow_task::PolledTask,
};

fn header() -> Header {
    Header::from([("trace".to_owned(), Payload::json(b"\"7\"".to_vec()))])
}

fn sent() -> Option<common::Header> {
    payload::header_to_proto(header())
}

fn message<R: Request>(request: R) -> R::Message {
    request.into_message(Sender {
        namespace: "default",
        identity: "me",
    })
}

fn start() -> StartWorkflow {
    StartWorkflow {
        header: header(),
        ..Default::default()
    }
}

fn update() -> UpdateWorkflow {
    UpdateWorkflow {
        execution: Execution::default(),
        first_run_id: String::new(),
        update_id: "u-1".to_owned(),
        name: "deposit".to_owned(),
        input: Vec::new(),
        header: header(),
        wait_for: Stage::Accepted,
    }
}

fn header_of(request: Option<update::Request>) -> Option<common::Header> {
    request?.input?.header
}

#[test]
fn each_request_of_a_client_has_its_header() {
    assert_eq!(message(start()).header, sent());
    let signal_with_start = message(SignalWithStart {
        start: start(),
        signal: "open".to_owned(),
        input: Vec::new(),
    });
    assert_eq!(signal_with_start.header, sent());
    let signal = message(SignalWorkflow {
        execution: Execution::default(),
        name: "open".to_owned(),
        input: Vec::new(),
        header: header(),
    });
    assert_eq!(signal.header, sent());
    let query = message(QueryWorkflow {
        execution: Execution::default(),
        name: "balance".to_owned(),
        input: Vec::new(),
        header: header(),
        reject: None,
    });
    assert_eq!(query.query.unwrap_or_default().header, sent());
    assert_eq!(header_of(message(update()).request), sent());

    use pb::execute_multi_operation_request::operation::Operation;
    let both = message(UpdateWithStart {
        start: start(),
        update: update(),
    });
    let headers = both.operations.into_iter().map(|it| match it.operation {
        Some(Operation::StartWorkflow(start)) => start.header,
        Some(Operation::UpdateWorkflow(update)) => header_of(update.request),
        None => None,
    });
    assert_eq!(headers.collect::<Vec<_>>(), [sent(), sent()]);
}

#[test]
fn each_command_that_begins_something_has_its_header() {
    let activity = ScheduleActivity {
        header: header(),
        ..Default::default()
    };
    let child = StartChild {
        header: header(),
        ..Default::default()
    };
    let signal = SignalExternal {
        header: header(),
        ..Default::default()
    };
    let next = ContinueAsNew {
        header: header(),
        ..Default::default()
    };
    let completion = TaskCompletion {
        commands: vec![
            Command::ScheduleActivity(activity.into()),
            Command::StartChild(child.into()),
            Command::SignalExternal(signal.into()),
            Command::EndRun(EndRun::ContinueAsNew(next.into())),
        ],
        ..TaskCompletion::default()
    };
    let commands = command::task_completed(completion).commands.into_iter();
    let headers = commands.map(|command| match command.attributes {
        Some(CommandAttributes::ScheduleActivityTaskCommandAttributes(it)) => it.header,
        Some(CommandAttributes::StartChildWorkflowExecutionCommandAttributes(it)) => it.header,
        Some(CommandAttributes::SignalExternalWorkflowExecutionCommandAttributes(it)) => it.header,
        Some(CommandAttributes::ContinueAsNewWorkflowExecutionCommandAttributes(it)) => it.header,
        _ => None,
    });
    assert_eq!(headers.collect::<Vec<_>>(), vec![sent(); 4]);
}

/// A task with what may begin code: a start, a signal, an update and a query.
fn task() -> pb::PollWorkflowTaskQueueResponse {
    let started = history::WorkflowExecutionStartedEventAttributes {
        workflow_type: Some("Account".into()),
        header: sent(),
        ..Default::default()
    };
    let signaled = history::WorkflowExecutionSignaledEventAttributes {
        signal_name: "open".to_owned(),
        header: sent(),
        ..Default::default()
    };
    let events = [
        Attributes::WorkflowExecutionStartedEventAttributes(started),
        Attributes::WorkflowExecutionSignaledEventAttributes(signaled),
    ];
    let update = message(update()).request.unwrap_or_default();
    let query = WorkflowQuery {
        header: sent(),
        ..Default::default()
    };
    pb::PollWorkflowTaskQueueResponse {
        task_token: b"token".to_vec(),
        workflow_execution: Some(common::WorkflowExecution::default()),
        workflow_type: Some("Account".into()),
        history: Some(history::History {
            events: events
                .map(|attributes| history::HistoryEvent {
                    event_time: Some(wkt::Timestamp::default()),
                    attributes: Some(attributes),
                    ..Default::default()
                })
                .into(),
        }),
        messages: vec![protocol::Message {
            sequencing_id: Some(protocol::message::SequencingId::EventId(2)),
            body: Some(wkt::Any {
                value: update.encode_to_vec(),
                ..Default::default()
            }),
            ..Default::default()
        }],
        queries: [("q".to_owned(), query)].into(),
        ..Default::default()
    }
}

#[test]
fn each_thing_that_begins_code_comes_with_its_header() {
    let polled = PolledTask::new(task()).expect("it has a token");
    let task = polled.decode().expect("nothing is missing");
    let mut headers: Vec<Header> = task
        .history
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::Fact(Fact::RunStarted(started)) => Some(started.header),
            EventKind::Fact(Fact::Signaled(signaled)) => Some(signaled.header),
            _ => None,
        })
        .collect();
    headers.extend(task.messages.into_iter().map(|it| it.request.header));
    let Queries::Attached(queries) = task.queries else {
        panic!("they are attached");
    };
    headers.extend(queries.into_iter().map(|query| query.header));
    assert_eq!(headers, [header(), header(), header(), header()]);

    let attempt = ActivityTask::from_proto(pb::PollActivityTaskQueueResponse {
        activity_type: Some("charge".into()),
        workflow_execution: Some(common::WorkflowExecution::default()),
        header: sent(),
        ..Default::default()
    });
    assert_eq!(attempt.expect("nothing is missing").header, header());
}

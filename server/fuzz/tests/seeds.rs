//! Runs every seed through its target, so that the targets compile and hold without libFuzzer, and
//! checks that no method is left out.

use std::fs;
use std::path::{Path, PathBuf};

use durably_fuzz::methods::METHODS;
use durably_fuzz::requests::{
    NAMESPACE, QUEUE, calls, execution, poll_request, signal, start_request,
};
use durably_fuzz::{
    command, cron, database, history, requests, schedule, sequence, snapshot, visibility,
};
use durably_proto::api::history::v1::{HistoryEvent, history_event};
use durably_proto::api::query::v1::WorkflowQuery;
use durably_proto::api::schedule::v1::{CalendarSpec, IntervalSpec, ScheduleSpec};
use durably_proto::api::workflowservice::v1::*;
use durably_proto::{FILE_DESCRIPTOR_SET, Message, api};
use prost_types::FileDescriptorSet;

#[test]
fn cron_seeds_hold() {
    run("seeds/cron", cron::run);
}

#[test]
fn database_seeds_hold() {
    run("seeds/database", database::run);
}

#[test]
fn history_seeds_hold() {
    run("../../tests/histories", history::json);
    run("seeds/history_protobuf", history::protobuf);
    run("seeds/history_changed", history::changed);
}

#[test]
fn request_seeds_hold() {
    run("seeds/requests", requests::run);
}

#[test]
fn schedule_seeds_hold() {
    run("seeds/schedule", schedule::run);
}

#[test]
fn sequence_seeds_hold() {
    run("seeds/sequence", sequence::run);
}

#[test]
fn snapshot_seeds_hold() {
    run("seeds/snapshot", snapshot::run);
}

#[test]
fn visibility_seeds_hold() {
    run("seeds/visibility", visibility::run);
}

#[test]
fn every_method_of_the_services_is_called() {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).expect("it was written by a build");
    let mut methods = Vec::new();
    for file in &set.file {
        let is_ours = matches!(
            file.package(),
            "temporal.api.workflowservice.v1" | "temporal.api.operatorservice.v1"
        );
        for service in file.service.iter().filter(|_| is_ours) {
            methods.extend(
                service
                    .method
                    .iter()
                    .map(|method| snake_case(method.name())),
            );
        }
    }
    methods.sort();
    let mut called: Vec<_> = METHODS
        .iter()
        .map(|method| method.name.to_owned())
        .collect();
    called.sort();
    assert_eq!(called, methods);
}

/// A seed is what it says. With `BLESS=1` they are written again, after methods were added.
#[test]
fn seeds_made_of_messages_are_current() {
    let mut expected = request_seeds();
    expected.push(("history_protobuf/started", started().encode_to_vec()));
    expected.push(("schedule/calendars", calendars()));
    for (name, bytes) in expected {
        let path = folder("seeds").join(name);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &bytes).expect("the file can be written");
        }
        let found = fs::read(&path).unwrap_or_default();
        assert!(found == bytes, "{name} is outdated; run again with BLESS=1");
    }
}

/// A schedule of each kind of times, from 2025 on.
fn calendars() -> Vec<u8> {
    #[expect(deprecated, reason = "clients still send excluded calendars")]
    let spec = ScheduleSpec {
        calendar: vec![CalendarSpec {
            hour: "8-17/3".to_owned(),
            day_of_week: "mon-fri".to_owned(),
            ..Default::default()
        }],
        interval: vec![IntervalSpec {
            interval: Some(command::seconds(5400)),
            phase: Some(command::seconds(60)),
        }],
        exclude_calendar: vec![CalendarSpec {
            month: "february".to_owned(),
            ..Default::default()
        }],
        cron_string: vec!["0 12 * * SUN".to_owned()],
        jitter: Some(command::seconds(30)),
        timezone_name: "Europe/Berlin".to_owned(),
        ..Default::default()
    };
    let mut input = 1_735_689_600_000_000_000_i64.to_le_bytes().to_vec();
    input.push(1);
    input.extend(spec.encode_to_vec());
    input
}

fn request_seeds() -> Vec<(&'static str, Vec<u8>)> {
    let namespace = NAMESPACE.to_owned();
    let start = StartWorkflowExecutionRequest {
        cron_schedule: "@every 5s".to_owned(),
        workflow_run_timeout: Some(command::seconds(3)),
        retry_policy: Some(command::attempts(2)),
        ..start_request("cron")
    };
    let update = UpdateWorkflowExecutionRequest {
        namespace: namespace.clone(),
        workflow_execution: execution("open"),
        request: Some(command::update("u2").request),
        ..Default::default()
    };
    let query = QueryWorkflowRequest {
        namespace: namespace.clone(),
        execution: execution("closed"),
        query: Some(WorkflowQuery {
            query_type: "state".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let history = GetWorkflowExecutionHistoryRequest {
        namespace: namespace.clone(),
        execution: execution("open"),
        maximum_page_size: 2,
        ..Default::default()
    };
    let describe = DescribeWorkflowExecutionRequest {
        namespace: namespace.clone(),
        execution: execution("open"),
    };
    let terminate = TerminateWorkflowExecutionRequest {
        namespace: namespace.clone(),
        workflow_execution: execution("open"),
        ..Default::default()
    };
    let cancel = RequestCancelWorkflowExecutionRequest {
        namespace: namespace.clone(),
        workflow_execution: execution("new"),
        ..Default::default()
    };
    let activity = PollActivityTaskQueueRequest {
        namespace: namespace.clone(),
        task_queue: Some(command::queue(QUEUE)),
        ..Default::default()
    };
    let by_id = RespondActivityTaskCompletedByIdRequest {
        namespace: namespace.clone(),
        workflow_id: "open".to_owned(),
        activity_id: "started".to_owned(),
        result: Some(command::payloads("done")),
        ..Default::default()
    };
    let list = ListWorkflowExecutionsRequest {
        namespace,
        page_size: 1,
        query: "ExecutionStatus = 'Running'".to_owned(),
        ..Default::default()
    };
    let start = ("start_workflow_execution", start.encode_to_vec());
    let poll = ("poll_workflow_task_queue", poll_request().encode_to_vec());
    vec![
        ("requests/start-and-poll", calls(&[start, poll])),
        (
            "requests/signal-and-update",
            calls(&[
                ("signal_workflow_execution", signal("open").encode_to_vec()),
                ("update_workflow_execution", update.encode_to_vec()),
            ]),
        ),
        (
            "requests/activity",
            calls(&[
                ("poll_activity_task_queue", activity.encode_to_vec()),
                (
                    "respond_activity_task_completed_by_id",
                    by_id.encode_to_vec(),
                ),
            ]),
        ),
        (
            "requests/read",
            calls(&[
                ("query_workflow", query.encode_to_vec()),
                ("get_workflow_execution_history", history.encode_to_vec()),
                ("describe_workflow_execution", describe.encode_to_vec()),
                ("list_workflow_executions", list.encode_to_vec()),
            ]),
        ),
        (
            "requests/end",
            calls(&[
                ("request_cancel_workflow_execution", cancel.encode_to_vec()),
                ("terminate_workflow_execution", terminate.encode_to_vec()),
            ]),
        ),
    ]
}

/// A history of one event.
fn started() -> api::history::v1::History {
    let attributes = api::history::v1::WorkflowExecutionStartedEventAttributes {
        workflow_type: Some(command::workflow_type("Signals")),
        workflow_id: "w".to_owned(),
        original_execution_run_id: "r".to_owned(),
        ..Default::default()
    };
    api::history::v1::History {
        events: vec![HistoryEvent {
            event_id: 1,
            event_type: api::enums::v1::EventType::WorkflowExecutionStarted.into(),
            attributes: Some(
                history_event::Attributes::WorkflowExecutionStartedEventAttributes(attributes),
            ),
            ..Default::default()
        }],
    }
}

fn run(seeds: &str, target: fn(&[u8])) {
    let files = fs::read_dir(folder(seeds)).expect("the target has seeds");
    let mut files: Vec<PathBuf> = files
        .map(|file| file.expect("it can be listed").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{seeds} is empty");
    for file in files {
        println!("{}", file.display());
        target(&fs::read(&file).expect("it can be read"));
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

//! Servers that keep their data in a file.

use std::path::PathBuf;
use std::time::Duration;

use durably_proto::api::enums::v1::{EventType, IndexedValueType, WorkflowExecutionStatus};
use durably_proto::api::operatorservice::v1::ListSearchAttributesRequest;
use durably_proto::api::workflowservice::v1::{
    DescribeNamespaceRequest, ListWorkflowExecutionsRequest,
};
use durably_server::{Clock, DatabaseProblem, Server, StartError};
use tonic::Request;

use crate::case::*;

/// A folder that is removed with its content.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let at = std::time::UNIX_EPOCH.elapsed().expect("it is later");
        let name = format!(
            "durably-server-{}-{}-{name}",
            std::process::id(),
            at.as_nanos()
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("the folder is new");
        Self(path)
    }

    pub(crate) async fn server(&self) -> Case {
        let server = Server::builder()
            .database(self.0.join("app.db"))
            .grpc(false);
        let server = server.start().await.expect("the database can be opened");
        Case {
            service: server.service(),
            server,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn a_workflow_goes_on_after_a_restart() {
    let folder = Folder::new("restart");
    let first = folder.server().await;
    first.start("w").await;
    let task = first.task().await;
    let commands = vec![schedule_activity("a"), start_timer("t", 1)];
    first.complete(&task, commands).await;
    first.signal("w", "s").await.expect("the workflow is open");
    let history = first.history("w").await;
    // Clients that are still there do not keep the file.
    let clients = first.service;
    first.server.shutdown().await;
    let second = folder.server().await;
    assert_eq!(second.history("w").await, history);
    let activity = second.activity().await;
    assert_eq!(activity.activity_id, "a");
    second.complete_activity(activity).await;
    let task = second.task().await;
    second.complete(&task, vec![complete_workflow()]).await;
    assert_eq!(
        short(&second.closed("w").await),
        "WorkflowExecutionCompleted"
    );
    second.server.shutdown().await;
    let third = folder.server().await;
    let info = third.describe("w").await.workflow_execution_info;
    let status = info.unwrap_or_default().status;
    assert_eq!(status, i32::from(WorkflowExecutionStatus::Completed));
    let list = ListWorkflowExecutionsRequest {
        namespace: "default".to_owned(),
        query: "ExecutionStatus = 'Completed'".to_owned(),
        ..ListWorkflowExecutionsRequest::default()
    };
    let service = &third.service;
    let listed = ok(service.list_workflow_executions(Request::new(list)).await);
    assert_eq!(listed.executions.len(), 1);
    drop(clients);
}

#[tokio::test]
async fn a_child_goes_on_after_restarts_and_reports_to_its_parent() {
    let folder = Folder::new("children");
    let case = folder.server().await;
    case.start("parent").await;
    let task = case.task().await;
    case.complete(&task, vec![start_child("child")]).await;
    // The stop comes while messages are on their way, or have arrived.
    case.server.shutdown().await;
    let case = folder.server().await;
    let started = loop {
        let task = case.task().await;
        let id = task
            .workflow_execution
            .clone()
            .unwrap_or_default()
            .workflow_id;
        if id == "child" {
            break task;
        }
        case.complete(&task, Vec::new()).await;
    };
    case.complete(&started, vec![complete_workflow()]).await;
    case.server.shutdown().await;
    let case = folder.server().await;
    loop {
        let task = case.task().await;
        let events = task.history.clone().unwrap_or_default().events;
        let ended = EventType::ChildWorkflowExecutionCompleted;
        let has_ended = events.iter().any(|event| event.event_type() == ended);
        let commands = match has_ended {
            true => vec![complete_workflow()],
            false => Vec::new(),
        };
        case.complete(&task, commands).await;
        if has_ended {
            break;
        }
    }
    let history = case.history("parent").await;
    let children = history
        .iter()
        .filter(|event| event.contains("ChildWorkflow"));
    assert_eq!(children.count(), 3, "{history:?}");
}

#[tokio::test]
async fn a_second_server_on_a_file_is_refused() {
    let folder = Folder::new("second");
    let first = folder.server().await;
    let path = folder.0.join("app.db");
    let refused = Server::builder().database(&path).start().await;
    let error = refused.expect_err("it is in use");
    assert!(matches!(
        &error,
        StartError::Database {
            problem: DatabaseProblem::InUse { process: Some(_) },
            ..
        }
    ));
    let shown = error.to_string();
    assert!(
        shown.contains("app.db") && shown.contains("another server"),
        "{shown}"
    );
    first.server.shutdown().await;
    folder.server().await;
}

#[tokio::test]
async fn a_database_needs_a_clock_that_goes_on_after_a_restart() {
    let folder = Folder::new("clock");
    let server = Server::builder().database(folder.0.join("app.db"));
    let refused = server.clock(Clock::skipping()).start().await;
    let error = refused.expect_err("it skips time");
    assert!(error.to_string().contains("cannot skip time"), "{error}");
}

#[tokio::test]
async fn a_retention_that_is_given_at_a_later_start_counts() {
    let folder = Folder::new("retention");
    folder.server().await.server.shutdown().await;
    let days = |days: u64| Duration::from_secs(days * 24 * 3600);
    for (given, expected) in [
        (None, days(1)),
        (Some(days(30)), days(30)),
        (None, days(30)),
    ] {
        let mut builder = Server::builder()
            .database(folder.0.join("app.db"))
            .grpc(false);
        if let Some(given) = given {
            builder = builder.retention(given);
        }
        let server = builder.start().await.expect("the database can be opened");
        let describe = DescribeNamespaceRequest {
            namespace: "default".to_owned(),
            ..DescribeNamespaceRequest::default()
        };
        let service = server.service();
        let described = ok(service.describe_namespace(Request::new(describe)).await);
        let kept = described.config.unwrap_or_default();
        let kept = kept.workflow_execution_retention_ttl.unwrap_or_default();
        assert_eq!(u64::try_from(kept.seconds), Ok(expected.as_secs()));
        server.shutdown().await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_user_may_read_a_database() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("permissions");
    let case = folder.server().await;
    case.start("w").await;
    let files = std::fs::read_dir(&folder.0).expect("the folder is there");
    let mut names = Vec::new();
    for file in files {
        let file = file.expect("the folder is there");
        let mode = file.metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", file.file_name());
        names.push(file.file_name());
    }
    assert_eq!(names.len(), 4, "{names:?}");
}

#[tokio::test]
async fn search_attributes_of_the_configuration_are_registered_once() {
    let folder = Folder::new("attributes");
    let start = |attributes: &[(&str, &str)]| {
        let database = folder.0.join("app.db");
        let mut server = Server::builder().database(database).grpc(false);
        for (name, value_type) in attributes {
            server = server.search_attribute(*name, *value_type);
        }
        server.start()
    };
    for _ in 0..2 {
        let server = start(&[("City", "Keyword"), ("City", "Keyword")]).await;
        let server = server.expect("the attribute is new, or there with its type");
        let request = ListSearchAttributesRequest {
            namespace: "default".to_owned(),
        };
        let listed = server.operator_service();
        let listed = listed.list_search_attributes(Request::new(request)).await;
        let custom = listed
            .expect("it lists them")
            .into_inner()
            .custom_attributes;
        assert_eq!(
            custom,
            [("City".to_owned(), IndexedValueType::Keyword.into())].into()
        );
        server.shutdown().await;
    }
    for (attribute, problem) in [
        (("City", "Text"), "it already exists with another type"),
        (
            ("WorkflowId", "Int"),
            "Search attribute WorkflowId is reserved by system.",
        ),
        (("", "Int"), "its name is empty"),
        (
            ("Age", "Number"),
            "there is no type `Number`; the types are Text, Keyword, Int, Double, Bool, Datetime, KeywordList",
        ),
    ] {
        let error = start(&[attribute]).await.expect_err("it is refused");
        let text = format!(
            "search attribute `{}` cannot be registered: {problem}",
            attribute.0
        );
        assert_eq!(error.to_string(), text);
    }
}

//! Results are waited for to the end of the chain, whatever happens to the connection.

use durably_engine::Payload;
use durably_proto::{
    Message,
    api::{
        common::v1::DataBlob,
        failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
        history::{
            v1 as proto,
            v1::{History, HistoryEvent, history_event::Attributes},
        },
        workflowservice::v1::GetWorkflowExecutionHistoryResponse as Page,
    },
};
use tonic::Status;

use super::{Account, fake::server};
use crate::{client::Handle, error::ResultError, wire::payload};

/// The page of a closed run.
fn closed(attributes: impl Into<Attributes>) -> Page {
    Page {
        history: Some(History {
            events: vec![HistoryEvent {
                event_id: 9,
                attributes: Some(attributes.into()),
                ..Default::default()
            }],
        }),
        ..Default::default()
    }
}

/// What the server says when nothing happened for a while.
fn still_running(token: &str) -> Page {
    Page {
        next_page_token: token.as_bytes().to_vec(),
        ..Default::default()
    }
}

fn completed(result: Payload) -> Page {
    closed(Attributes::WorkflowExecutionCompletedEventAttributes(
        proto::WorkflowExecutionCompletedEventAttributes {
            result: payload::list_to_proto(vec![result]),
            ..Default::default()
        },
    ))
}

fn continued(run: &str) -> Page {
    closed(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(
        proto::WorkflowExecutionContinuedAsNewEventAttributes {
            new_execution_run_id: run.to_owned(),
            ..Default::default()
        },
    ))
}

fn failed(message: &str, next_run: &str) -> Page {
    closed(Attributes::WorkflowExecutionFailedEventAttributes(
        proto::WorkflowExecutionFailedEventAttributes {
            failure: Some(Failure {
                message: message.to_owned(),
                failure_info: Some(FailureInfo::ApplicationFailureInfo(
                    ApplicationFailureInfo {
                        r#type: "Empty".to_owned(),
                        ..Default::default()
                    },
                )),
                ..Default::default()
            }),
            new_execution_run_id: next_run.to_owned(),
            ..Default::default()
        },
    ))
}

#[tokio::test]
async fn a_result_is_followed_past_continue_as_new_and_retries() {
    let (fake, client) = server().await;
    let history = &fake.get_workflow_execution_history;
    history.then(Ok(continued("run-2")));
    history.then(Ok(failed("no money", "run-3")));
    history.then(Ok(completed(Payload::json(b"70".to_vec()))));
    let result = Handle::<Account>::attach(&client, "acc-1").result().await;
    assert_eq!(result.expect("the last run completes"), 70);
    let runs: Vec<String> = history
        .asked()
        .into_iter()
        .filter_map(|asked| Some(asked.execution?.run_id))
        .collect();
    assert_eq!(runs, ["", "run-2", "run-3"]);
}

/// A namespace can be configured to send histories as bytes, with the events that were recorded with the last one.
#[tokio::test]
async fn a_result_is_read_from_a_raw_history() {
    let (fake, client) = server().await;
    let mut page = completed(Payload::json(b"70".to_vec()));
    let mut batch = page.history.take().unwrap_or_default();
    batch.events.insert(0, HistoryEvent::default());
    page.raw_history = vec![DataBlob {
        data: batch.encode_to_vec(),
        ..Default::default()
    }];
    fake.get_workflow_execution_history.then(Ok(page));
    let result = Handle::<Account>::attach(&client, "acc-1").result().await;
    assert_eq!(result.expect("the run completes"), 70);
}

#[tokio::test]
async fn waiting_survives_a_server_that_goes_away() {
    let (fake, client) = server().await;
    let history = &fake.get_workflow_execution_history;
    history.then(Ok(still_running("token-1")));
    history.then(Err(Status::cancelled("Timeout expired")));
    history.then(Err(Status::unavailable("connection refused")));
    history.then(Ok(still_running("token-2")));
    history.then(Ok(completed(Payload::json(b"70".to_vec()))));
    let result = Handle::<Account>::attach(&client, "acc-1").result().await;
    assert_eq!(result.expect("the run completes in the end"), 70);
    let tokens: Vec<Vec<u8>> = history
        .asked()
        .into_iter()
        .map(|asked| asked.next_page_token)
        .collect();
    assert_eq!(
        tokens,
        [&b""[..], b"token-1", b"token-1", b"token-1", b"token-2"]
    );
}

#[tokio::test]
async fn a_failure_comes_with_its_causes() {
    let (fake, client) = server().await;
    let history = &fake.get_workflow_execution_history;
    history.then(Ok(failed("no money", "")));
    let error = Handle::<Account>::attach(&client, "acc-1").result().await;
    let Err(ResultError::Failed(failed)) = error else {
        panic!("{error:?}");
    };
    assert_eq!(failed.app().map(|app| &*app.kind), Some("Empty"));
    let error = crate::error::Error::from(ResultError::Failed(failed));
    assert_eq!(
        format!("{error:#}"),
        "workflow `acc-1` failed: Empty: no money"
    );
}

#[tokio::test]
async fn a_result_of_another_type_is_named() {
    let (fake, client) = server().await;
    let history = &fake.get_workflow_execution_history;
    history.then(Ok(completed(Payload::json(b"\"much\"".to_vec()))));
    let error = Handle::<Account>::attach(&client, "acc-1").result().await;
    let text = error.expect_err("a text is no u64").to_string();
    assert_eq!(
        text,
        "cannot read the result of workflow `Account` as `u64`: invalid type: string \"much\", \
         expected u64"
    );
}

#[tokio::test]
async fn terminated_and_cancelled_runs_are_told_apart() {
    let (fake, client) = server().await;
    let handle = Handle::<Account>::attach(&client, "acc-1");
    let history = &fake.get_workflow_execution_history;
    history.then(Ok(closed(
        Attributes::WorkflowExecutionTerminatedEventAttributes(
            proto::WorkflowExecutionTerminatedEventAttributes {
                reason: "enough".to_owned(),
                ..Default::default()
            },
        ),
    )));
    history.then(Ok(closed(
        Attributes::WorkflowExecutionCanceledEventAttributes(Default::default()),
    )));
    history.then(Ok(closed(
        Attributes::WorkflowExecutionTimedOutEventAttributes(Default::default()),
    )));
    let text = |error: ResultError| error.to_string();
    let ended = handle.result().await.map_err(text);
    assert_eq!(
        ended,
        Err("workflow `acc-1` was terminated: enough".to_owned())
    );
    let ended = handle.result().await.map_err(text);
    assert_eq!(ended, Err("workflow `acc-1` was cancelled".to_owned()));
    let ended = handle.result().await.map_err(text);
    assert_eq!(ended, Err("workflow `acc-1` timed out".to_owned()));
}

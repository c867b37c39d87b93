//! Codecs see every payload that a client sends and gets.

use std::sync::Arc;

use durably_proto::{
    Message as _,
    api::{
        errordetails::v1::QueryFailedFailure,
        failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
        history::v1::{
            History, HistoryEvent, WorkflowExecutionCompletedEventAttributes,
            history_event::Attributes,
        },
        workflowservice::v1 as pb,
    },
    rpc,
    wkt::Any,
};
use tonic::{Code, Status};

use super::{
    Account,
    fake::{Fake, server},
};
use crate::{
    client::{Client, Handle},
    error::{QueryError, ResultError, RpcError, SignalError},
    transport::test_codec::{Seen, marked, marks},
    wire::payload,
};

async fn with_marks(bytes: &[u8]) -> (Arc<Fake>, Client, Seen) {
    let (fake, client) = server().await;
    let (codecs, seen) = marks(bytes);
    let caller = client.caller().clone().with_codecs(&codecs);
    (
        fake,
        Client(
            Arc::new(caller),
            crate::data::Converter::JSON,
            crate::interceptor::ClientChain::default(),
        ),
        seen,
    )
}

fn completed(result: durably_engine::Payload) -> pb::GetWorkflowExecutionHistoryResponse {
    let completed = WorkflowExecutionCompletedEventAttributes {
        result: payload::list_to_proto(vec![result]),
        ..Default::default()
    };
    pb::GetWorkflowExecutionHistoryResponse {
        history: Some(History {
            events: vec![HistoryEvent {
                attributes: Some(Attributes::WorkflowExecutionCompletedEventAttributes(
                    completed,
                )),
                ..Default::default()
            }],
        }),
        ..Default::default()
    }
}

#[tokio::test]
async fn arguments_are_encoded_in_order_and_results_decoded_in_reverse() {
    let (fake, client, seen) = with_marks(b"ab").await;
    let signaled = pb::SignalWorkflowExecutionResponse::default();
    fake.signal_workflow_execution.then(Ok(signaled));
    let signal = client.handle("acc-1").signal("open", (5, "x"));
    signal.await.expect("the signal is recorded");
    let asked = fake.signal_workflow_execution.asked().remove(0);
    assert_eq!(
        payload::list_from_proto(asked.input),
        [marked("5", "ab"), marked("\"x\"", "ab")]
    );

    let page = completed(marked("70", "ab"));
    fake.get_workflow_execution_history.then(Ok(page));
    let result = Handle::<Account>::attach(&client, "acc-1").result().await;
    assert_eq!(result.expect("the run completed"), 70);

    let seen = seen.lock().expect("nobody panics with the lock");
    // Two arguments and a result, by two codecs.
    assert_eq!(seen.len(), 6);
    assert!(
        seen.iter()
            .all(|about| about.workflow_id() == Some("acc-1"))
    );
}

#[tokio::test]
async fn a_history_is_read_decoded_and_written_as_the_server_has_it() {
    let (fake, client, _) = with_marks(b"ab").await;
    let page = completed(marked("70", "ab"));
    fake.get_workflow_execution_history.then(Ok(page.clone()));
    let history = client.handle("acc-1").history().await.expect("it is there");
    assert_eq!(Some(history.stored()), page.history);
    let decoded = completed(durably_engine::Payload::json(b"70".to_vec()));
    assert_eq!(Some(history.into_raw()), decoded.history);
}

#[tokio::test]
async fn a_request_that_cannot_be_encoded_is_not_sent() {
    let (fake, client, _) = with_marks(b"a").await;
    let signal = client.handle("acc-1").signal("open", ("unmarkable",));
    let error = signal.await.expect_err("it cannot be encoded");
    assert!(matches!(&error, SignalError::Rpc(RpcError::Codec { .. })));
    assert_eq!(
        error.to_string(),
        "codec `Mark` cannot encode payload `input[0]` of workflow `acc-1`: there is no key"
    );
    assert!(fake.signal_workflow_execution.asked().is_empty());
}

#[tokio::test]
async fn a_response_that_cannot_be_decoded_is_told() {
    let (fake, client, _) = with_marks(b"a").await;
    fake.get_workflow_execution_history
        .then(Ok(completed(marked("70", "b"))));
    let error = Handle::<Account>::attach(&client, "acc-1").result().await;
    let error = error.expect_err("the mark is another one");
    assert!(matches!(&error, ResultError::Rpc(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "codec `Mark` cannot decode payload `history.events[0].WorkflowExecutionCompleted.result[0]` \
         of workflow `acc-1`: the key does not fit"
    );
}

/// A query's failure with one detail, as the server sends it.
fn query_failed(detail: durably_engine::Payload) -> Status {
    let application = ApplicationFailureInfo {
        r#type: "Empty".to_owned(),
        details: payload::list_to_proto(vec![detail]),
        ..Default::default()
    };
    let failed = QueryFailedFailure {
        failure: Some(Failure {
            message: "no balance".to_owned(),
            failure_info: Some(FailureInfo::ApplicationFailureInfo(application)),
            ..Default::default()
        }),
    };
    let code = Code::InvalidArgument;
    let details = rpc::Status {
        code: code.into(),
        message: "no balance".to_owned(),
        details: vec![Any {
            type_url: "type.googleapis.com/temporal.api.errordetails.v1.QueryFailedFailure"
                .to_owned(),
            value: failed.encode_to_vec(),
        }],
    };
    Status::with_details(code, "no balance", details.encode_to_vec().into())
}

#[tokio::test]
async fn the_failure_in_the_details_of_a_status_is_decoded() {
    let (fake, client, seen) = with_marks(b"ab").await;
    fake.query_workflow
        .then(Err(query_failed(marked("7", "ab"))));
    let error = client.handle("acc-1").query::<u64>("balance", ()).await;
    let error = error.expect_err("the query failed");
    assert_eq!(
        error.to_string(),
        "query `balance` failed: Empty: no balance"
    );
    let QueryError::Failed(failed) = &error else {
        panic!("{error:?}");
    };
    let app = failed.cause.app().expect("an application error");
    assert_eq!(app.kind, "Empty");
    assert_eq!(app.detail::<u64>(0).expect("it is a number"), 7);
    let seen = seen.lock().expect("nobody panics with the lock");
    assert_eq!(seen.len(), 2);
    assert!(
        seen.iter()
            .all(|about| about.workflow_id() == Some("acc-1"))
    );
}

#[tokio::test]
async fn a_failure_in_the_details_that_cannot_be_decoded_is_told() {
    let (fake, client, _) = with_marks(b"a").await;
    fake.query_workflow
        .then(Err(query_failed(marked("7", "b"))));
    let error = client.handle("acc-1").query::<u64>("balance", ()).await;
    assert_eq!(
        error.expect_err("the mark is another one").to_string(),
        "codec `Mark` cannot decode payload `details[0].failure.ApplicationFailureInfo.details[0]` of \
         workflow `acc-1`: the key does not fit"
    );
}

//! Codecs see every payload that a client sends and gets.

use std::sync::Arc;

use durably_proto::{
    Message as _,
    api::{
        common::v1 as common,
        errordetails::v1::QueryFailedFailure,
        failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
        history::v1::{
            History, HistoryEvent, WorkflowExecutionCompletedEventAttributes,
            history_event::Attributes,
        },
        workflow::v1 as workflow,
        workflowservice::v1 as pb,
    },
    rpc,
    wkt::Any,
};
use futures::TryStreamExt;
use tonic::{Code, Status};

use super::{
    Account,
    fake::{Fake, server},
};
use crate::{
    client::{Client, Handle},
    data::Encoded,
    error::{DataFault, QueryError, ResultError, RpcError, SignalError},
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

fn memo(entries: &[(&str, durably_engine::Payload)]) -> Option<common::Memo> {
    let fields = entries.iter().map(|(name, value)| {
        let value = payload::to_proto(value.clone());
        ((*name).to_owned(), value)
    });
    Some(common::Memo {
        fields: fields.collect(),
    })
}

fn listed(id: &str, memo: Option<common::Memo>) -> workflow::WorkflowExecutionInfo {
    workflow::WorkflowExecutionInfo {
        execution: Some(common::WorkflowExecution {
            workflow_id: id.to_owned(),
            run_id: "run".to_owned(),
        }),
        r#type: Some(common::WorkflowType {
            name: "Account".to_owned(),
        }),
        memo,
        ..Default::default()
    }
}

#[tokio::test]
async fn a_list_shows_every_workflow_and_a_memo_that_cannot_be_decoded_says_why() {
    let (fake, client, seen) = with_marks(b"a").await;
    let memos = [
        memo(&[("color", marked("\"red\"", "a"))]),
        memo(&[
            ("color", marked("\"red\"", "b")),
            ("size", marked("7", "a")),
        ]),
        None,
        memo(&[("size", marked("8", "a"))]),
    ];
    let ids = ["w0", "w1", "w2", "w3"];
    let executions = ids
        .into_iter()
        .zip(memos)
        .map(|(id, memo)| listed(id, memo));
    fake.list_workflow_executions
        .then(Ok(pb::ListWorkflowExecutionsResponse {
            executions: executions.collect(),
            ..Default::default()
        }));
    let found: Vec<_> = client.list("").try_collect().await.expect("all are listed");
    let found_ids: Vec<_> = found.iter().map(|it| &*it.workflow_id).collect();
    assert_eq!(found_ids, ids);
    assert_eq!(found[0].memo::<String>("color"), Ok(Some("red".to_owned())));
    let unread = found[1]
        .memo::<String>("color")
        .expect_err("the mark is another one");
    let DataFault::Codec { message } = &unread.fault else {
        panic!("{unread:?}");
    };
    assert_eq!(
        *message,
        "codec `Mark` cannot decode payload `executions[1].memo.fields[\"color\"][0]` of workflow `w1`: the key \
         does not fit"
    );
    assert_eq!(
        unread.to_string(),
        format!("cannot read memo `color` as `String`: {message}")
    );
    // Also a type with an encoding of its own hears of it.
    let raw = found[1].memo::<Encoded<durably_engine::Payload>>("color");
    assert_eq!(raw.map(drop).map_err(|it| it.fault), Err(unread.fault));
    assert_eq!(found[1].memo::<u32>("size"), Ok(Some(7)));
    assert_eq!(found[2].memo::<u32>("size"), Ok(None));
    assert_eq!(found[3].memo::<u32>("size"), Ok(Some(8)));
    // The two of the second workflow were tried together, then one by one.
    let seen = seen.lock().expect("nobody panics with the lock");
    let ids: Vec<_> = seen
        .iter()
        .map(|it| it.workflow_id().expect("it is known"))
        .collect();
    assert_eq!(ids, ["w0", "w1", "w1", "w3", "w1", "w1"]);
}

//! Responses that lack something, or hold something that cannot be read.

use durably_proto::api::{
    common::v1::WorkflowExecution,
    history::v1::{
        History, HistoryEvent, WorkflowExecutionContinuedAsNewEventAttributes,
        history_event::Attributes,
    },
    update::v1::Outcome,
    workflow::v1::WorkflowExecutionInfo,
    workflowservice::v1 as pb,
};

use super::{Account, fake::server};
use crate::{
    client::{Handle, StartCall},
    data::EncodedArgs,
    definition::QueueSet,
    error::RpcError,
};

fn is_malformed(error: Option<&RpcError>) -> bool {
    matches!(error, Some(RpcError::MalformedResponse { .. }))
}

/// The text of an error whose operation has the variant `Rpc`.
macro_rules! malformed {
    ($error:ident, $answer:expr) => {{
        let error = $answer.await.expect_err("the response is malformed");
        let $error::Rpc(rpc) = &error else {
            panic!("{error:?}");
        };
        assert!(is_malformed(Some(rpc)), "{error:?}");
        error.to_string()
    }};
}

use crate::error::{HandleError, ResultError, StartError, UpdateError};

fn start(client: &crate::client::Client) -> StartCall<Account, QueueSet> {
    StartCall::<Account, QueueSet>::new(client, EncodedArgs::from_payloads(Vec::new()))
        .id("acc-1")
        .task_queue("accounts")
}

#[tokio::test]
async fn a_field_that_is_missing_is_named() {
    let (fake, client) = server().await;
    let handle = Handle::<Account>::attach(&client, "acc-1");

    let runless = pb::StartWorkflowExecutionResponse::default();
    fake.start_workflow_execution.then(Ok(runless));
    assert_eq!(
        malformed!(StartError, start(&client)),
        "malformed response: response to a start lacks `run_id`"
    );

    let empty = pb::DescribeWorkflowExecutionResponse::default();
    fake.describe_workflow_execution.then(Ok(empty));
    assert_eq!(
        malformed!(HandleError, handle.describe()),
        "malformed response: description of a workflow lacks `workflow_execution_info`"
    );

    let valueless = pb::UpdateWorkflowExecutionResponse {
        outcome: Some(Outcome { value: None }),
        ..Default::default()
    };
    fake.update_workflow_execution.then(Ok(valueless));
    assert_eq!(
        malformed!(UpdateError, handle.deposit()),
        "malformed response: response to an update lacks `outcome.value`"
    );

    let typeless = pb::ListWorkflowExecutionsResponse {
        executions: vec![WorkflowExecutionInfo {
            execution: Some(WorkflowExecution::default()),
            ..Default::default()
        }],
        ..Default::default()
    };
    fake.list_workflow_executions.then(Ok(typeless));
    let mut list = client.list("");
    let error = list.next().await.expect_err("the list is malformed");
    assert!(is_malformed(Some(&error)));
    assert_eq!(
        error.to_string(),
        "malformed response: list of workflows lacks `type`"
    );

    let half = pb::ExecuteMultiOperationResponse::default();
    fake.execute_multi_operation.then(Ok(half));
    let error = start(&client)
        .with_update(|account| account.deposit())
        .await;
    assert_eq!(
        error.err().map(|error| error.to_string()).as_deref(),
        Some(
            "malformed response: response to an update with start lacks `responses[0].start_workflow`"
        )
    );
}

/// The id of the next run would be followed for ever: without one it is the same run.
#[tokio::test]
async fn a_chain_without_its_next_run_is_not_followed() {
    let (fake, client) = server().await;
    let next = WorkflowExecutionContinuedAsNewEventAttributes::default();
    let last = HistoryEvent {
        event_id: 9,
        attributes: Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(
            next,
        )),
        ..Default::default()
    };
    let page = pb::GetWorkflowExecutionHistoryResponse {
        history: Some(History { events: vec![last] }),
        ..Default::default()
    };
    fake.get_workflow_execution_history.then(Ok(page));
    let handle = Handle::<Account>::attach(&client, "acc-1");
    assert_eq!(
        malformed!(ResultError, handle.result()),
        "malformed response: event 9 lacks `new_execution_run_id`"
    );
}

/// The wait would begin again at once, and for ever.
#[tokio::test]
async fn a_wait_that_ends_with_nothing_is_not_repeated() {
    let (fake, client) = server().await;
    fake.get_workflow_execution_history
        .then(Ok(Default::default()));
    let handle = Handle::<Account>::attach(&client, "acc-1");
    assert_eq!(
        malformed!(ResultError, handle.result()),
        "malformed response: response to the wait for the end of a run lacks `next_page_token`"
    );
}

#[tokio::test]
async fn a_page_of_history_that_cannot_be_decoded_is_told() {
    let (fake, client) = server().await;
    let page = pb::GetWorkflowExecutionHistoryResponse {
        raw_history: vec![durably_proto::api::common::v1::DataBlob {
            data: vec![0xff],
            ..Default::default()
        }],
        ..Default::default()
    };
    fake.get_workflow_execution_history.then(Ok(page));
    let handle = Handle::<Account>::attach(&client, "acc-1");
    let text = malformed!(HandleError, handle.history());
    assert!(
        text.starts_with("malformed response: page of history: `raw_history` cannot be decoded"),
        "{text}"
    );
}

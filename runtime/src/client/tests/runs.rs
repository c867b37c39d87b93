//! Which run the requests of a handle are about.

use durably_proto::api::{
    common::v1::{WorkflowExecution, WorkflowType},
    workflow::v1::WorkflowExecutionInfo,
    workflowservice::v1 as pb,
};
use tonic::Status;

use super::{
    Account,
    fake::{Fake, server},
};
use crate::{
    client::{Client, Handle, StartCall},
    data::EncodedArgs,
    definition::QueueSet,
};

/// A handle of the start of `run-1`.
async fn started(fake: &Fake, client: &Client) -> Handle<Account> {
    fake.start_workflow_execution
        .then(Ok(pb::StartWorkflowExecutionResponse {
            run_id: "run-1".to_owned(),
            ..Default::default()
        }));
    StartCall::<Account, QueueSet>::new(client, EncodedArgs::from_payloads(Vec::new()))
        .id("acc-1")
        .task_queue("accounts")
        .await
        .expect("the server accepts it")
}

fn description(run: &str, first: &str) -> pb::DescribeWorkflowExecutionResponse {
    pb::DescribeWorkflowExecutionResponse {
        workflow_execution_info: Some(WorkflowExecutionInfo {
            execution: Some(WorkflowExecution {
                workflow_id: "acc-1".to_owned(),
                run_id: run.to_owned(),
            }),
            r#type: Some(WorkflowType::default()),
            first_run_id: first.to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// The runs that descriptions were requested of.
fn described(fake: &Fake) -> Vec<String> {
    let asked = fake.describe_workflow_execution.asked().into_iter();
    asked.filter_map(|it| Some(it.execution?.run_id)).collect()
}

#[tokio::test]
async fn a_handle_of_a_start_deletes_the_run_that_it_started() {
    let (fake, client) = server().await;
    let handle = started(&fake, &client).await;
    fake.delete_workflow_execution.then(Ok(Default::default()));
    fake.delete_workflow_execution.then(Ok(Default::default()));
    handle.untyped().delete().await.expect("it is deleted");
    client
        .handle("acc-1")
        .delete()
        .await
        .expect("it is deleted");
    let asked = fake.delete_workflow_execution.asked().into_iter();
    let runs: Vec<_> = asked
        .filter_map(|it| Some(it.workflow_execution?.run_id))
        .collect();
    assert_eq!(runs, ["run-1", ""]);
}

#[tokio::test]
async fn a_handle_of_a_start_describes_the_latest_run_of_its_chain() {
    let (fake, client) = server().await;
    let handle = started(&fake, &client).await;
    fake.describe_workflow_execution
        .then(Ok(description("run-2", "run-1")));
    let found = handle.describe().await.expect("it is described");
    assert_eq!(found.run_id, "run-2");
    assert_eq!(described(&fake), [""]);
}

#[tokio::test]
async fn a_handle_of_a_start_describes_its_run_if_the_id_went_to_another_chain() {
    let (fake, client) = server().await;
    let handle = started(&fake, &client).await;
    fake.describe_workflow_execution
        .then(Ok(description("run-3", "run-3")));
    fake.describe_workflow_execution
        .then(Ok(description("run-1", "run-1")));
    let found = handle.describe().await.expect("it is described");
    assert_eq!(found.run_id, "run-1");
    // A latest run that was deleted leaves the one that was started.
    fake.describe_workflow_execution
        .then(Err(Status::not_found("the current run is gone")));
    fake.describe_workflow_execution
        .then(Ok(description("run-1", "run-1")));
    let found = handle.describe().await.expect("it is described");
    assert_eq!(found.run_id, "run-1");
    assert_eq!(described(&fake), ["", "run-1", "", "run-1"]);
}

#[tokio::test]
async fn a_handle_of_one_run_describes_that_run() {
    let (fake, client) = server().await;
    fake.describe_workflow_execution
        .then(Ok(description("run-1", "run-1")));
    let run = client.handle("acc-1").run("run-1");
    run.describe().await.expect("it is described");
    assert_eq!(described(&fake), ["run-1"]);
}

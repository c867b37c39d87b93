use durably_proto::api::command::v1::CancelWorkflowExecutionCommandAttributes;
use durably_proto::api::command::v1::command::Attributes;
use durably_proto::api::enums::v1::CommandType;
use durably_proto::api::workflowservice::v1::*;
use tonic::{Code, Request};

use crate::case::*;

async fn request_cancel(case: &Case) -> Result<(), tonic::Status> {
    case.service
        .request_cancel_workflow_execution(Request::new(RequestCancelWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: named("w"),
            reason: "no longer needed".to_owned(),
            ..Default::default()
        }))
        .await
        .map(|_| ())
}

#[tokio::test]
async fn a_cancel_request_reaches_the_workflow() {
    let case = Case::new().await;
    case.start("w").await;
    request_cancel(&case).await.expect("it runs");
    request_cancel(&case)
        .await
        .expect("it may be asked more than once");
    let task = case.task().await;
    let cancelled = command(
        CommandType::CancelWorkflowExecution,
        Attributes::CancelWorkflowExecutionCommandAttributes(
            CancelWorkflowExecutionCommandAttributes::default(),
        ),
    );
    case.complete(&task, vec![cancelled]).await;
    assert_eq!(short(&case.closed("w").await), "WorkflowExecutionCanceled");
    request_cancel(&case)
        .await
        .expect("what has ended need not be asked to end");
}

#[tokio::test]
async fn a_termination_closes_the_run_without_a_workflow_task() {
    let case = Case::new().await;
    case.start("w").await;
    let task = case.task().await;
    ok(case
        .service
        .terminate_workflow_execution(Request::new(TerminateWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: named("w"),
            ..Default::default()
        }))
        .await);
    assert_eq!(
        short(&case.closed("w").await),
        "WorkflowExecutionTerminated"
    );
    let late = case
        .service
        .respond_workflow_task_completed(Request::new(completion(&task, Vec::new())))
        .await
        .expect_err("the run is closed");
    assert_eq!(late.code(), Code::NotFound);
    let late = case.signal("w", "s").await.expect_err("the run is closed");
    assert_eq!(late.code(), Code::NotFound);
    assert_eq!(late.message(), "workflow execution already completed");
}

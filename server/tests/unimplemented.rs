use durably_proto::api::operatorservice::v1::ListNexusEndpointsRequest;
use durably_proto::api::workflowservice::v1::*;
use durably_proto::service::operator::operator_service_client::OperatorServiceClient;
use durably_proto::service::workflow::workflow_service_client::WorkflowServiceClient;
use durably_server::Server;
use tonic::{Code, Request};

use crate::case::*;

#[tokio::test]
async fn an_unimplemented_method_returns_its_name() {
    let case = Case::new().await;
    let answered = case
        .service
        .list_archived_workflow_executions(Request::new(
            ListArchivedWorkflowExecutionsRequest::default(),
        ))
        .await
        .expect_err("it is not there");
    assert_eq!(answered.code(), Code::Unimplemented);
    assert!(
        answered.message().contains(
            "temporal.api.workflowservice.v1.WorkflowService/ListArchivedWorkflowExecutions"
        ),
        "{answered}"
    );
}

#[tokio::test]
async fn an_unimplemented_method_returns_its_name_through_the_port() {
    let server = Server::start().await.expect("a port is free");
    let url = server.url().expect("it listens");
    let mut workflow = WorkflowServiceClient::connect(url.clone())
        .await
        .expect("it listens");
    let answered = workflow
        .list_workflow_rules(ListWorkflowRulesRequest::default())
        .await
        .expect_err("it is not there");
    assert_eq!(answered.code(), Code::Unimplemented);
    assert!(answered.message().contains("ListWorkflowRules"));
    let mut operator = OperatorServiceClient::connect(url)
        .await
        .expect("it listens");
    let answered = operator
        .list_nexus_endpoints(ListNexusEndpointsRequest::default())
        .await
        .expect_err("it is not there");
    assert_eq!(answered.code(), Code::Unimplemented);
    assert!(
        answered
            .message()
            .contains("OperatorService/ListNexusEndpoints")
    );
}

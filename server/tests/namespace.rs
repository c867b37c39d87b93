use durably_proto::Message;
use durably_proto::api::errordetails::v1::NamespaceNotFoundFailure;
use durably_proto::api::workflowservice::v1::*;
use durably_proto::rpc;
use durably_server::{Server, StartError};
use tonic::{Code, Request};

use crate::case::*;

#[tokio::test]
async fn an_unknown_namespace_is_named() {
    let case = Case::new().await;
    let unknown = case
        .service
        .start_workflow_execution(Request::new(StartWorkflowExecutionRequest {
            namespace: "nowhere".to_owned(),
            ..request("w")
        }))
        .await
        .expect_err("there is no such namespace");
    assert_eq!(unknown.code(), Code::NotFound);
    let status = rpc::Status::decode(unknown.details()).expect("details are a google.rpc.Status");
    let failure = NamespaceNotFoundFailure::decode(&*status.details[0].value)
        .expect("it is what its type says");
    assert_eq!(failure.namespace, "nowhere");
}

#[tokio::test]
async fn a_namespace_is_registered_and_listed() {
    let case = Case::new().await;
    let register = || {
        Request::new(RegisterNamespaceRequest {
            namespace: "other".to_owned(),
            workflow_execution_retention_period: Some(seconds(3600)),
            ..Default::default()
        })
    };
    ok(case.service.register_namespace(register()).await);
    let again = case.service.register_namespace(register()).await;
    assert_eq!(again.expect_err("it exists").code(), Code::AlreadyExists);
    let listed = ok(case
        .service
        .list_namespaces(Request::new(ListNamespacesRequest::default()))
        .await);
    let names: Vec<_> = listed
        .namespaces
        .into_iter()
        .filter_map(|namespace| namespace.namespace_info)
        .map(|info| info.name)
        .collect();
    assert_eq!(names, ["default", "other"]);
    // The same workflow id in two namespaces is two workflows.
    case.start("w").await;
    let other = StartWorkflowExecutionRequest {
        namespace: "other".to_owned(),
        ..request("w")
    };
    assert!(case.start_with(other).await.started);
}

#[tokio::test]
async fn a_server_starts_with_the_namespaces_it_is_given() {
    let server = Server::builder()
        .grpc(false)
        .namespace("mine")
        .start()
        .await
        .expect("it needs nothing");
    let describe = |namespace: &str| {
        Request::new(DescribeNamespaceRequest {
            namespace: namespace.to_owned(),
            ..Default::default()
        })
    };
    let service = server.service();
    ok(service.describe_namespace(describe("mine")).await);
    ok(service.describe_namespace(describe("default")).await);
    let twice = Server::builder()
        .namespace("a")
        .namespace("a")
        .start()
        .await;
    assert!(matches!(twice, Err(StartError::NamespaceTwice(name)) if name == "a"));
}

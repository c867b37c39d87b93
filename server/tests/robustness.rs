use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use durably_proto::api::workflowservice::v1::*;
use durably_proto::service::workflow::workflow_service_client::WorkflowServiceClient;
use durably_server::{Server, StartError};
use tonic::{Code, Request};

use crate::case::*;

#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_the_port_disturbs_nobody() {
    let server = Server::start().await.expect("a port is free");
    let address = server.address().expect("it listens");
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\x00\xff\x13garbage",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff",
    ] {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.write_all(garbage).expect("it is sent");
        stream
            .set_read_timeout(Some(Duration::from_millis(100)))
            .expect("a timeout is set");
        let _ = stream.read(&mut [0; 64]);
    }
    let mut client = WorkflowServiceClient::connect(server.url().expect("it listens"))
        .await
        .expect("it still listens");
    client
        .start_workflow_execution(request("w"))
        .await
        .expect("it still works");
}

#[tokio::test]
async fn a_request_over_the_limit_is_refused() {
    let server = Server::start().await.expect("a port is free");
    let mut client = WorkflowServiceClient::connect(server.url().expect("it listens"))
        .await
        .expect("it listens");
    let large = |bytes: usize| StartWorkflowExecutionRequest {
        input: payloads(&"x".repeat(bytes)),
        ..request("w")
    };
    let message = client
        .start_workflow_execution(large(5 * 1024 * 1024))
        .await;
    assert_eq!(
        message.expect_err("no message is that large").code(),
        Code::ResourceExhausted
    );
    let blob = client
        .start_workflow_execution(large(3 * 1024 * 1024))
        .await;
    assert_eq!(
        blob.expect_err("no payload is that large").code(),
        Code::InvalidArgument
    );
    client
        .start_workflow_execution(large(1024))
        .await
        .expect("that is small enough");
}

#[tokio::test]
async fn malformed_tokens_are_refused() {
    let case = Case::new().await;
    for token in [&b""[..], b"junk", b"\x0a\x01w\x28\x01"] {
        let task_token = token.to_vec();
        let namespace = NAMESPACE.to_owned();
        let codes = [
            case.service
                .respond_workflow_task_completed(Request::new(
                    RespondWorkflowTaskCompletedRequest {
                        namespace: namespace.clone(),
                        task_token: task_token.clone(),
                        ..Default::default()
                    },
                ))
                .await
                .map(|_| ()),
            case.service
                .respond_activity_task_completed(Request::new(
                    RespondActivityTaskCompletedRequest {
                        namespace: namespace.clone(),
                        task_token: task_token.clone(),
                        ..Default::default()
                    },
                ))
                .await
                .map(|_| ()),
            case.service
                .respond_query_task_completed(Request::new(RespondQueryTaskCompletedRequest {
                    namespace,
                    task_token,
                    ..Default::default()
                }))
                .await
                .map(|_| ()),
        ]
        .map(|answer| answer.expect_err("the token is no token").code());
        for code in codes {
            assert!(matches!(code, Code::InvalidArgument | Code::NotFound));
        }
    }
}

#[tokio::test]
async fn empty_requests_are_refused() {
    let case = Case::new().await;
    let service = &case.service;
    let codes = [
        service
            .start_workflow_execution(Request::new(Default::default()))
            .await
            .map(|_| ()),
        service
            .signal_workflow_execution(Request::new(Default::default()))
            .await
            .map(|_| ()),
        service
            .poll_workflow_task_queue(Request::new(Default::default()))
            .await
            .map(|_| ()),
        service
            .poll_activity_task_queue(Request::new(Default::default()))
            .await
            .map(|_| ()),
        service
            .query_workflow(Request::new(Default::default()))
            .await
            .map(|_| ()),
        service
            .update_workflow_execution(Request::new(Default::default()))
            .await
            .map(|_| ()),
        service
            .execute_multi_operation(Request::new(Default::default()))
            .await
            .map(|_| ()),
        service
            .describe_task_queue(Request::new(Default::default()))
            .await
            .map(|_| ()),
        service
            .get_workflow_execution_history(Request::new(Default::default()))
            .await
            .map(|_| ()),
    ]
    .map(|answer| answer.expect_err("everything is missing").code());
    assert!(
        codes.iter().all(|code| *code == Code::InvalidArgument),
        "{codes:?}"
    );
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let server = Server::start().await.expect("a port is free");
    let address = server.address().expect("it listens");
    let refused = Server::builder().port(address.port()).start().await;
    let Err(StartError::Listen { address: named, .. }) = refused else {
        panic!("the port is in use");
    };
    assert_eq!(named, address);
}

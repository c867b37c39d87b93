//! Several addresses: one that is silent does not keep the client from the others.

use std::{sync::Arc, time::Duration};

use durably_proto::api::workflowservice::v1::GetSystemInfoRequest;
use http::Response;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};
use tonic::Code;

use super::connections::{AUTHORITY, answer_all, ask, closed, hanging, server};
use crate::{
    client::Client,
    error::ConnectError,
    time::span::{millis, secs},
};

#[tokio::test]
async fn a_silent_address_takes_its_share_of_the_time_only() {
    let (address, mut headers) = server().await;
    let builder = Client::builder(hanging().await).add_address(&*address);
    let client = builder.connect_timeout(secs(4)).await.unwrap();
    assert_eq!(ask(&client).await, Ok(()));
    assert_eq!(headers.recv().await.unwrap()[AUTHORITY], *address);
}

#[tokio::test]
async fn an_attempt_to_connect_outlives_the_call_that_began_it() {
    let (address, _headers) = server().await;
    let builder = Client::builder(hanging().await).add_address(address);
    let client = builder.connect_timeout(secs(4)).connect_lazily().unwrap();
    let ask_briefly = || async {
        let raw = client.raw();
        let answer = raw
            .get_system_info(GetSystemInfoRequest {}, millis(300))
            .await;
        answer.map_err(|status| (status.code(), status.message().to_owned()))
    };
    let (code, message) = ask_briefly().await.expect_err("two seconds are not over");
    assert_eq!(code, Code::DeadlineExceeded);
    assert!(message.contains("no connection within"), "{message}");
    let mut attempts = 0;
    while ask_briefly().await.is_err() {
        attempts += 1;
        assert!(attempts < 300, "no call finds the connection");
    }
}

#[tokio::test]
async fn the_address_that_answered_last_is_tried_first() {
    let first = closed().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let second = listener.local_addr().unwrap().to_string();
    let (sender, mut headers) = mpsc::unbounded_channel();
    let end = Arc::new(tokio::sync::Notify::new());
    let ended = Arc::clone(&end);
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            tokio::select! {
                () = answer_all(socket, sender.clone()) => {}
                () = ended.notified() => {}
            }
        }
    });
    let client = Client::builder(&*first)
        .add_address(&*second)
        .await
        .unwrap();
    assert_eq!(headers.recv().await.unwrap()[AUTHORITY], *second);
    // The first one is back, and the connection to the second breaks.
    let back = TcpListener::bind(&first).await.unwrap();
    end.notify_one();
    let mut attempts = 0;
    while ask(&client).await.is_err() {
        attempts += 1;
        assert!(attempts < 300, "no call finds the second address");
    }
    assert_eq!(headers.recv().await.unwrap()[AUTHORITY], *second);
    let tried = tokio::time::timeout(Duration::ZERO, back.accept()).await;
    assert!(tried.is_err(), "the first address was tried");
}

#[tokio::test]
async fn each_address_is_listed_with_its_reason() {
    let (refused, silent) = (closed().await, hanging().await);
    let builder = Client::builder(&*refused).add_address(&*silent);
    let error = builder
        .connect_timeout(secs(2))
        .await
        .expect_err("no server");
    let text = error.to_string();
    for part in [
        format!("{refused}: Connection refused"),
        format!("{silent}: the connection is accepted, but not answered in time"),
    ] {
        assert!(text.contains(&part), "{part}: {text}");
    }
}

/// An address at which each connection gets this answer.
async fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut preface = [0; 24];
            socket.read_exact(&mut preface).await.unwrap();
            socket.write_all(answer.as_bytes()).await.unwrap();
            socket.shutdown().await.unwrap();
            let mut rest = Vec::new();
            socket.read_to_end(&mut rest).await.ok();
        }
    });
    address
}

const WEB_SERVER: &str = "HTTP/1.1 400 Bad Request\r\n\r\n";

/// An address at which a server denies every request.
async fn denying() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(socket).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    let denied = Response::builder().header("grpc-status", "7").body(());
                    respond.send_response(denied.unwrap(), true).unwrap();
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn an_error_is_that_of_the_address_it_comes_from() {
    let (foreign, denying) = (answering(WEB_SERVER).await, denying().await);
    let builder = Client::builder(&*foreign).add_address(&*denying);
    let error = builder.await.expect_err("the second one denies it");
    let ConnectError::Refused { address, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(*address, format!("http://{denying}"));

    let closed = closed().await;
    let builder = Client::builder(&*foreign).add_address(&*closed);
    let error = builder.await.expect_err("neither is a server");
    assert!(
        matches!(error, ConnectError::Unreachable { .. }),
        "{error:?}"
    );
    for part in [
        format!("{foreign}: an answer that is not gRPC: HTTP/1.1 400 Bad Request"),
        format!("{closed}: Connection refused"),
    ] {
        assert!(error.to_string().contains(&part), "{part}: {error}");
    }
}

#[tokio::test]
async fn a_failure_of_all_addresses_is_of_its_own_kind() {
    let (one, other) = (
        answering(WEB_SERVER).await,
        answering("SSH-2.0-x\r\n").await,
    );
    let builder = Client::builder(&*one).add_address(&*other);
    let error = builder.await.expect_err("neither is a server");
    let ConnectError::NotTemporal { address, message } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(*address, format!("http://{one}, http://{other}"));
    assert_eq!(
        *message,
        format!("{one}: HTTP/1.1 400 Bad Request; {other}: `SSH-2.0-x`")
    );

    let proxy = closed().await;
    let builder = Client::builder("temporal-1").add_address("temporal-2");
    let error = builder.proxy(&*proxy).await.expect_err("there is no proxy");
    let ConnectError::Proxy {
        proxy: named,
        reason,
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(*named, proxy);
    assert!(reason.starts_with("Connection refused"), "{reason}");
}

#[tokio::test]
async fn a_timeout_may_be_longer_than_any_clock() {
    let (address, _headers) = server().await;
    let builder = Client::builder(closed().await).add_address(address);
    let client = builder.connect_timeout(Duration::MAX).await.unwrap();
    let raw = client.raw();
    let answer = raw.get_system_info(GetSystemInfoRequest {}, Duration::MAX);
    assert_eq!(answer.await.map(drop).map_err(|it| it.code()), Ok(()));
}

#[tokio::test]
async fn requests_name_the_server_as_they_are_told_to() {
    let (address, mut headers) = server().await;
    let builder = Client::builder(address).authority("temporal.acme.com");
    builder.await.unwrap();
    let sent = headers.recv().await.unwrap();
    assert_eq!(sent[AUTHORITY], "temporal.acme.com");
}

#[test]
fn a_connection_is_probed_every_ten_seconds_at_most() {
    let builder = Client::builder("localhost").keep_alive(Duration::ZERO);
    assert!(
        format!("{builder:?}").contains("keep_alive: Some(10s)"),
        "{builder:?}"
    );
}

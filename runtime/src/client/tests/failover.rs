//! Several addresses: one that is silent does not keep the client from the others.

use std::{sync::Arc, time::Duration};

use durably_proto::api::workflowservice::v1::GetSystemInfoRequest;
use tokio::{net::TcpListener, sync::mpsc};
use tonic::Code;

use super::ways::{AUTHORITY, answer_all, ask, closed, hanging, server};
use crate::{
    client::Client,
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
    while ask(&client).await.is_err() {}
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

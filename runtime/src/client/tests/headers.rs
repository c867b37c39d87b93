//! The headers of requests, of clients and of workers.

use std::collections::BTreeSet;

use http::HeaderMap;

use super::connections::{AUTHORITY, PATH, ask, server};
use crate::{client::Client, prelude::*};

#[activity(start_to_close = "10s")]
async fn pack() {}

#[derive(Default)]
struct Order;

#[workflow]
impl Order {
    #[run]
    async fn run(&mut self) {}
}

/// Those that have nothing to do with the connection.
fn own(headers: &HeaderMap) -> Vec<(&str, &str)> {
    const OF_GRPC: [&str; 8] = [
        AUTHORITY,
        PATH,
        "content-type",
        "grpc-accept-encoding",
        "grpc-encoding",
        "grpc-timeout",
        "te",
        "user-agent",
    ];
    let all = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let mut own: Vec<_> = all.filter(|(name, _)| !OF_GRPC.contains(name)).collect();
    own.sort();
    own
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[tokio::test]
async fn the_headers_of_a_client_go_with_each_of_its_requests() {
    let (address, mut headers) = server().await;
    let client = Client::builder(address)
        .namespace("shop")
        .header("X-Team", "checkout")
        .header("x-region", "eu")
        .await
        .unwrap();
    let expected = |namespace| {
        [
            ("client-name", "durably"),
            ("client-version", VERSION),
            ("supported-features", "follows-next-run-id"),
            ("temporal-namespace", namespace),
            ("x-region", "eu"),
            ("x-team", "checkout"),
        ]
    };
    assert_eq!(own(&headers.recv().await.unwrap()), expected("shop"));
    assert_eq!(ask(&client).await, Ok(()));
    assert_eq!(own(&headers.recv().await.unwrap()), expected("shop"));
    assert_eq!(ask(&client.in_namespace("other")).await, Ok(()));
    assert_eq!(own(&headers.recv().await.unwrap()), expected("other"));
}

#[tokio::test]
async fn a_namespace_that_no_header_can_have_is_not_in_one() {
    let (address, mut headers) = server().await;
    let client = Client::builder(address).namespace("größe\n").await.unwrap();
    let sent = headers.recv().await.unwrap();
    assert_eq!(sent.get("temporal-namespace"), None);
    for (namespace, header) in [("shop", true), ("a\nb", false), ("orders", true)] {
        assert_eq!(ask(&client.in_namespace(namespace)).await, Ok(()));
        let sent = headers.recv().await.unwrap();
        let expected = header.then_some(namespace.as_bytes());
        let sent = sent.get("temporal-namespace");
        assert_eq!(sent.map(|value| value.as_bytes()), expected);
    }
}

#[tokio::test]
async fn a_header_that_is_named_twice_has_the_last_value() {
    let (address, mut headers) = server().await;
    let builder = Client::builder(address).header("x-team", "checkout");
    let _client = builder.header("X-Team", "billing").await.unwrap();
    let sent = headers.recv().await.unwrap();
    let all: Vec<_> = sent.get_all("x-team").iter().collect();
    assert_eq!(all, ["billing"]);
}

#[tokio::test]
async fn a_worker_sends_the_headers_of_its_client() {
    let (address, mut headers) = server().await;
    let builder = Client::builder(address).header("x-team", "checkout");
    let client = builder.await.unwrap();
    let worker = Worker::new(&client, "orders")
        .workflow::<Order>()
        .activity::<pack>()
        .spawn()
        .await
        .unwrap();
    let mut sent_by = BTreeSet::new();
    while !["PollWorkflowTaskQueue", "PollActivityTaskQueue"]
        .iter()
        .all(|it| sent_by.contains(*it))
    {
        let sent = headers.recv().await.unwrap();
        assert_eq!(
            own(&sent),
            [
                ("client-name", "durably"),
                ("client-version", VERSION),
                ("supported-features", "follows-next-run-id"),
                ("temporal-namespace", "default"),
                ("x-team", "checkout"),
            ],
            "{sent:?}"
        );
        let path = sent[PATH].to_str().unwrap();
        sent_by.insert(path.rsplit('/').next().unwrap().to_owned());
    }
    worker.handle().shutdown_now();
}

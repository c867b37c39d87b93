//! The addresses of Temporal Cloud. A proxy leads to a server of the test, so that no name is resolved.

use http::HeaderMap;

use super::{
    connections::{AUTHORITY, ask, proxy_to},
    tls::{Authority, server},
};
use crate::{
    client::{Client, ClientBuilder, Tls},
    error::ConnectError,
};

/// What arrived where.
struct Connected {
    /// The first line of the request to the proxy, which has the port.
    connect: String,
    asked_for: Option<String>,
    /// Of a request.
    headers: HeaderMap,
}

/// Connects by this address to a server with a certificate for this name, which requires one of its clients if
/// the builder has one.
async fn connect(
    address: &str,
    name: &str,
    mutual: bool,
    options: impl Fn(ClientBuilder) -> ClientBuilder,
) -> Connected {
    let authority = Authority::new();
    let clients = mutual.then_some(&authority);
    let mut server = server(&authority.issue(name), clients).await;
    let established = "HTTP/1.1 200 Connection established\r\n\r\n";
    let (proxy, mut heads) = proxy_to(established, Some(server.address)).await;
    let builder = options(Client::builder(address).proxy(format!("http://{proxy}")));

    // Nobody trusts this authority unless told to: whoever refuses it speaks TLS.
    let refused = builder.clone().await.expect_err("it is not trusted");
    assert!(matches!(refused, ConnectError::Tls { .. }), "{refused:?}");
    server.asked_for.recv().await;
    heads.recv().await;

    let mut tls = Tls::new().roots(authority.root());
    if mutual {
        let identity = authority.issue("orders");
        tls = tls.certificate(identity.certificate, identity.key);
    }
    let client = builder.tls(tls).await.unwrap();
    assert_eq!(ask(&client).await, Ok(()));
    Connected {
        connect: heads
            .recv()
            .await
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .to_owned(),
        asked_for: server.asked_for.recv().await.unwrap(),
        headers: server.headers.recv().await.unwrap(),
    }
}

#[tokio::test]
async fn the_addresses_of_temporal_cloud_are_used_over_tls_with_the_header_of_the_namespace() {
    const NAMESPACE: &str = "shop.a1b2c.tmprl.cloud";
    const REGION: &str = "us-east-1.aws.api.temporal.io";
    for (address, host) in [
        ("shop.a1b2c.tmprl.cloud:7233", NAMESPACE),
        ("shop.a1b2c.tmprl.cloud", NAMESPACE),
        ("https://shop.a1b2c.tmprl.cloud:7233", NAMESPACE),
        ("us-east-1.aws.api.temporal.io:7233", REGION),
        ("us-east-1.aws.api.temporal.io", REGION),
    ] {
        for key in [None, Some("s3cret")] {
            let connected = connect(address, host, key.is_none(), |builder| {
                let builder = builder.namespace("shop.a1b2c");
                match key {
                    Some(key) => builder.api_key(key),
                    None => builder,
                }
            })
            .await;
            let what = format!("{address}, {key:?}");
            let at = format!("{host}:7233");
            assert_eq!(
                connected.connect,
                format!("CONNECT {at} HTTP/1.1"),
                "{what}"
            );
            assert_eq!(connected.asked_for.as_deref(), Some(host), "{what}");
            let sent = |name| {
                let value = connected.headers.get(name);
                value.map(|value| value.to_str().unwrap())
            };
            assert_eq!(sent(AUTHORITY), Some(&*at), "{what}");
            assert_eq!(sent("temporal-namespace"), Some("shop.a1b2c"), "{what}");
            let bearer = key.map(|key| format!("Bearer {key}"));
            assert_eq!(sent("authorization"), bearer.as_deref(), "{what}");
        }
    }
}

/// As a private connection needs it, whose address is another one.
#[tokio::test]
async fn the_name_of_a_namespace_at_another_address_is_that_of_sni_and_of_requests() {
    const NAME: &str = "shop.a1b2c.tmprl.cloud";
    let authority = Authority::new();
    let mut server = server(&authority.issue(NAME), Some(&authority)).await;
    let identity = authority.issue("orders");
    let tls = Tls::new()
        .roots(authority.root())
        .certificate(identity.certificate, identity.key)
        .server_name(NAME);
    let builder = Client::builder(&*server.address).namespace("shop.a1b2c");
    let client = builder.tls(tls).await.unwrap();
    assert_eq!(ask(&client).await, Ok(()));
    assert_eq!(
        server.asked_for.recv().await.unwrap().as_deref(),
        Some(NAME)
    );
    let sent = server.headers.recv().await.unwrap();
    assert_eq!(sent[AUTHORITY], NAME);
    assert_eq!(sent["temporal-namespace"], "shop.a1b2c");
}

//! Connections over TLS while certificates change, by other names, through proxies, to servers that come later.

use std::sync::{
    Arc, RwLock,
    atomic::{AtomicUsize, Ordering},
};

use durably::{client::ClientBuilder, error::ConnectError, prelude::*, worker::WorkerGuard};
use durably_tests::{
    World,
    connect_proxy::ConnectProxy,
    eventually, on_both_servers,
    process::free_port,
    tls::{Certificates, TlsProxy, Validity},
    unique,
};

use super::tls::{Echo, shout};

on_both_servers! {
    a_worker_goes_on_with_the_certificate_that_replaces_an_expired_one
    a_worker_goes_on_when_both_sides_change_their_authority
    the_name_that_is_asked_for_is_that_of_the_options
    a_client_and_a_worker_connect_through_a_proxy_to_the_address_that_answers
    a_client_and_a_worker_may_start_before_their_server
    the_key_is_asked_for_before_each_request
}

async fn worker(client: &Client, queue: &str) -> Result<WorkerGuard> {
    Worker::new(client, queue)
        .workflow::<Echo>()
        .activity::<shout>()
        .spawn()
        .await
}

/// Runs the workflow on the queue; what it returns.
async fn echo(client: &Client, queue: &str) -> Result<String> {
    Ok(Echo::start(client, "hello")
        .task_queue(queue)
        .result()
        .await?)
}

async fn a_worker_goes_on_with_the_certificate_that_replaces_an_expired_one(
    world: &World,
) -> Result<()> {
    let certificates = Certificates::issue("authority")?;
    let proxy = TlsProxy::start(&certificates, world.address()).await?;
    let client = Client::builder(&*proxy.address)
        .tls(certificates.client())
        .await?;
    let worker = worker(&client, &world.queue).await?;
    assert_eq!(echo(&world.client, &world.queue).await?, "HELLO");

    certificates.renew("client", Validity::Expired)?;
    proxy.close_connections();
    eventually("the proxy refuses the worker", || async {
        (proxy.refused() > 0).then_some(())
    })
    .await;
    let waits = Echo::start(&world.client, "hello")
        .task_queue(&world.queue)
        .await?;
    certificates.renew("client", Validity::Good)?;
    assert_eq!(waits.result().await?, "HELLO");
    assert_eq!(echo(&client, &world.queue).await?, "HELLO");
    worker.shutdown().await
}

async fn a_worker_goes_on_when_both_sides_change_their_authority(world: &World) -> Result<()> {
    let mut certificates = Certificates::issue("before")?;
    let proxy = TlsProxy::start(&certificates, world.address()).await?;
    let client = Client::builder(&*proxy.address)
        .tls(certificates.client())
        .await?;
    let worker = worker(&client, &world.queue).await?;
    assert_eq!(echo(&client, &world.queue).await?, "HELLO");
    certificates.replace("after")?;
    proxy.renew(&certificates)?;
    assert_eq!(echo(&world.client, &world.queue).await?, "HELLO");
    assert_eq!(echo(&client, &world.queue).await?, "HELLO");
    worker.shutdown().await
}

async fn the_name_that_is_asked_for_is_that_of_the_options(world: &World) -> Result<()> {
    let certificates = Certificates::issue("authority")?;
    let proxy = TlsProxy::start(&certificates, world.address()).await?;
    let tls = || certificates.client().server_name("127.0.0.1");
    for (tls, name) in [
        // An address is no name, and is not asked for.
        (tls(), None),
        (tls().sni("eu.acme.com"), Some("eu.acme.com".to_owned())),
    ] {
        let before = proxy.asked_for().len();
        let client = Client::builder(&*proxy.address).tls(tls).await?;
        let worker = worker(&client, &world.queue).await?;
        assert_eq!(echo(&client, &world.queue).await?, "HELLO");
        worker.shutdown().await?;
        let asked_for = proxy.asked_for().split_off(before);
        assert!(asked_for.iter().all(|it| *it == name), "{asked_for:?}");
        assert!(!asked_for.is_empty());
    }
    Ok(())
}

async fn a_client_and_a_worker_connect_through_a_proxy_to_the_address_that_answers(
    world: &World,
) -> Result<()> {
    let certificates = Certificates::issue("authority")?;
    let server = TlsProxy::start(&certificates, world.address()).await?;
    let connects = ConnectProxy::start().await?;
    let nobody = format!("127.0.0.1:{}", free_port());
    let client = Client::builder(&*nobody)
        .add_address(&*server.address)
        .proxy(format!("http://me:s3cret@{}", connects.address))
        .tls(certificates.client())
        .await?;
    let worker = worker(&client, &world.queue).await?;
    assert_eq!(echo(&client, &world.queue).await?, "HELLO");
    worker.shutdown().await?;
    let heads = connects.heads();
    for address in [&nobody, &server.address] {
        let line = format!("CONNECT {address} HTTP/1.1\r\n");
        assert!(heads.iter().any(|it| it.starts_with(&line)), "{heads:?}");
    }
    let authorized = "Proxy-Authorization: Basic bWU6czNjcmV0\r\n";
    assert!(heads.iter().all(|it| it.contains(authorized)), "{heads:?}");
    Ok(())
}

async fn a_client_and_a_worker_may_start_before_their_server(world: &World) -> Result<()> {
    let certificates = Certificates::issue("authority")?;
    let address = format!("127.0.0.1:{}", free_port());
    let client = Client::builder(&*address)
        .tls(certificates.client())
        .connect_lazily()?;
    let queue = world.queue.clone();
    let starts = tokio::spawn(async move {
        let worker = worker(&client, &queue).await?;
        let said = echo(&client, &queue).await?;
        worker.shutdown().await?;
        Result::<_>::Ok(said)
    });
    let _proxy = TlsProxy::at(&address, &certificates, world.address()).await?;
    assert_eq!(starts.await??, "HELLO");
    Ok(())
}

async fn the_key_is_asked_for_before_each_request(world: &World) -> Result<()> {
    let certificates = Certificates::issue("authority")?;
    let proxy = TlsProxy::start(&certificates, world.address()).await?;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let key = move || format!("key-{}", counted.fetch_add(1, Ordering::Relaxed));
    let client = Client::builder(&*proxy.address)
        .tls(certificates.client())
        .api_key_from(key)
        .await?;
    let worker = worker(&client, &world.queue).await?;
    assert_eq!(echo(&client, &world.queue).await?, "HELLO");
    worker.shutdown().await?;
    // At least: the greeting, a start, two polls, two completions.
    assert!(asked.load(Ordering::Relaxed) >= 6, "{asked:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_server_takes_the_key_that_the_function_gives_now() -> Result<()> {
    let server = durably_server::Server::builder()
        .api_key("new")
        .start()
        .await?;
    let address = server.address().expect("the server listens").to_string();
    let current = Arc::new(RwLock::new("old"));
    let given = Arc::clone(&current);
    let builder = || -> ClientBuilder {
        let given = Arc::clone(&given);
        let key = move || {
            given
                .read()
                .map(|key| (*key).to_owned())
                .unwrap_or_default()
        };
        Client::builder(&*address)
            .api_key_from(key)
            .allow_plain_api_key()
    };
    let refused = builder().await.map(drop).unwrap_err();
    assert!(
        matches!(refused, ConnectError::Refused { .. }),
        "{refused:?}"
    );
    assert!(
        refused.to_string().contains("not the server's"),
        "{refused}"
    );
    let client = builder().connect_lazily()?;
    let refused = client.count("").await.unwrap_err();
    assert!(
        refused.to_string().contains("not the server's"),
        "{refused}"
    );
    *current.write().expect("nobody panics") = "new";
    let queue = unique("queue");
    let worker = worker(&client, &queue).await?;
    assert_eq!(echo(&client, &queue).await?, "HELLO");
    worker.shutdown().await?;
    server.shutdown().await;
    Ok(())
}

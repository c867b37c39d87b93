//! Clients and workers over TLS, with certificates and API keys.

use durably::{client::Tls, error::ConnectError, prelude::*};
use durably_server::StartError;
use durably_tests::{
    World, on_both_servers,
    process::{output, python},
    tls::{Certificates, TlsProxy},
    unique,
};

#[activity(start_to_close = "10s")]
pub(super) async fn shout(word: String) -> String {
    word.to_uppercase()
}

#[derive(Default)]
pub(super) struct Echo;

#[workflow(name = "echo")]
impl Echo {
    #[run]
    pub(super) async fn run(&mut self, ctx: &Ctx, word: String) -> Result<String> {
        Ok(shout::call(ctx, word).await?)
    }
}

on_both_servers! {
    a_client_a_worker_and_python_share_a_server_behind_tls
}

async fn a_client_a_worker_and_python_share_a_server_behind_tls(world: &World) -> Result<()> {
    let certificates = Certificates::issue("authority")?;
    let address = TlsProxy::start(&certificates, world.address())
        .await?
        .address;
    let client = Client::builder(&*address)
        .tls(certificates.client())
        .await?;
    let worker = Worker::new(&client, &world.queue)
        .workflow::<Echo>()
        .activity::<shout>()
        .spawn()
        .await?;
    let said = Echo::start(&client, "hello")
        .task_queue(&world.queue)
        .result()
        .await?;
    assert_eq!(said, "HELLO");

    let stranger = Tls::new().roots_file(certificates.authority());
    let error = Client::builder(&*address)
        .tls(stranger)
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, ConnectError::Tls { .. }), "{error}");

    if let Some(mut python) = python("tls_client.py") {
        python.args([
            address,
            world.queue.clone(),
            certificates.authority().display().to_string(),
            certificates.certificate("client").display().to_string(),
            certificates.key("client").display().to_string(),
            String::new(),
        ]);
        assert_eq!(output(python).await.trim(), "PYTHON");
    }
    worker.shutdown().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_server_serves_over_tls_those_with_a_certificate_and_the_key() -> Result<()> {
    let certificates = Certificates::issue("ours")?;
    let server = durably_server::Server::builder()
        .tls(
            certificates.certificate("server"),
            certificates.key("server"),
        )
        .client_ca(certificates.authority())
        .api_key("s3cret")
        .start()
        .await?;
    let address = server.address().expect("the server listens").to_string();
    let queue = unique("queue");
    let builder = Client::builder(&*address).tls(certificates.client());
    let client = builder.clone().api_key("s3cret").await?;
    let worker = Worker::new(&client, &queue)
        .workflow::<Echo>()
        .activity::<shout>()
        .spawn()
        .await?;
    let said = Echo::start(&client, "hello")
        .task_queue(&queue)
        .result()
        .await?;
    assert_eq!(said, "HELLO");
    if let Some(mut python) = python("tls_client.py") {
        python.args([
            address.clone(),
            queue,
            certificates.authority().display().to_string(),
            certificates.certificate("client").display().to_string(),
            certificates.key("client").display().to_string(),
            "s3cret".to_owned(),
        ]);
        assert_eq!(output(python).await.trim(), "PYTHON");
    }
    worker.shutdown().await?;

    for (builder, words) in [
        (builder.clone(), "requires an API key"),
        (builder.api_key("s3creT"), "not the server's"),
    ] {
        let error = builder.await.map(drop).unwrap_err();
        assert!(matches!(error, ConnectError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let theirs = Certificates::issue("theirs")?;
    let foreign = Tls::new()
        .roots_file(certificates.authority())
        .certificate_files(theirs.certificate("client"), theirs.key("client"));
    for tls in [foreign, Tls::new().roots_file(certificates.authority())] {
        let connected = Client::builder(&*address).tls(tls).api_key("s3cret").await;
        let error = connected.map(drop).unwrap_err();
        assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    }
    let plain = Client::connect(&*address).await.map(drop).unwrap_err();
    assert!(matches!(plain, ConnectError::Tls { .. }), "{plain:?}");
    server.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn the_embedded_server_does_not_start_with_certificates_of_no_use() -> Result<()> {
    let (ours, theirs) = (Certificates::issue("ours")?, Certificates::issue("theirs")?);
    let builder = durably_server::Server::builder;
    let missing = ours.authority().with_file_name("missing.pem");
    for (builder, words) in [
        (
            builder().tls(&missing, ours.key("server")),
            "missing.pem` cannot be read",
        ),
        (
            builder().tls(ours.certificate("server"), theirs.key("server")),
            "server.key",
        ),
        (
            builder().tls(ours.key("server"), ours.key("server")),
            "server.key",
        ),
        (
            builder()
                .tls(ours.certificate("server"), ours.key("server"))
                .client_ca(ours.key("client")),
            "the CA of clients",
        ),
        (
            builder().client_ca(ours.authority()),
            "needs a certificate and a key",
        ),
    ] {
        let error = builder.start().await.map(drop).unwrap_err();
        assert!(matches!(error, StartError::Tls { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    Ok(())
}

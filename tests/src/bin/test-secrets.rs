//! A program with a secret in every place that can have one, which prints all that it tells `tracing`, a line each.
//!
//! Its client and its worker have an API key and a header, connect through a proxy with a password, and use a codec
//! endpoint with a token. The server is that of `SECRETS_ADDRESS`, or an embedded one that requires the key.

use std::fmt::{Debug, Write as _};

use durably::{
    client::RemoteCodec,
    codec::{Codecs, Compression, Endpoint},
    prelude::*,
};
use durably_tests::{connect_proxy::ConnectProxy, unique};
use tokio::net::TcpListener;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

#[activity(start_to_close = "10s")]
async fn shout(word: String) -> String {
    word.to_uppercase()
}

#[derive(Default)]
struct Echo;

#[workflow(name = "echo")]
impl Echo {
    #[run]
    async fn run(&mut self, ctx: &Ctx, word: String) -> Result<String> {
        tracing::info!("echoing");
        Ok(shout::call(ctx, word).await?)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing::subscriber::set_global_default(Everything)?;
    let (address, _server) = match std::env::var("SECRETS_ADDRESS") {
        Ok(address) => (address, None),
        Err(_) => {
            let server = durably_server::Server::builder()
                .api_key("s3cret-key")
                .start()
                .await?;
            let address = server.address().expect("it listens").to_string();
            (address, Some(server))
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let codecs = Endpoint::new(Codecs::new().codec(Compression::zlib()));
    tokio::spawn(async move { axum::serve(listener, codecs.into_router()).await });
    let remote = RemoteCodec::new(endpoint)?.header("authorization", "Bearer s3cret-token")?;
    let proxy = ConnectProxy::start().await?;
    let client = Client::builder(address)
        .api_key("s3cret-key")
        .allow_plain_api_key()
        .header("x-token", "s3cret-header")
        .proxy(format!("http://me:s3cret-password@{}", proxy.address))
        .codec(remote)
        .await?;
    println!("{client:?}");
    let queue = unique("queue");
    let worker = Worker::new(&client, &queue)
        .workflow::<Echo>()
        .activity::<shout>()
        .spawn()
        .await?;
    let echo = Echo::start(&client, "hello").task_queue(&queue);
    println!("result {}", echo.result().await?);
    worker.shutdown().await?;
    // One that is refused says why.
    let refused = Client::builder(format!("127.0.0.1:{}", durably_tests::process::free_port()))
        .api_key("s3cret-key")
        .allow_plain_api_key()
        .proxy(format!("http://me:s3cret-password@{}", proxy.address))
        .await;
    let error = refused.map(drop).expect_err("nobody listens there");
    println!("{error} {error:?}");
    Ok(())
}

/// Prints every span and every event with all of its fields.
struct Everything;

impl Everything {
    fn print(what: &str, metadata: &Metadata<'_>, record: impl FnOnce(&mut Fields)) {
        let mut fields = Fields::default();
        record(&mut fields);
        let (level, target, name) = (metadata.level(), metadata.target(), metadata.name());
        println!("{what} {level} {target} {name}{}", fields.0);
    }
}

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        Self::print("span", span.metadata(), |fields| span.record(fields));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        println!("record{}", fields.0);
    }

    fn event(&self, event: &Event<'_>) {
        Self::print("event", event.metadata(), |fields| event.record(fields));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let written = write!(self.0, " {}={value:?}", field.name());
        debug_assert!(written.is_ok(), "a string takes everything");
    }
}

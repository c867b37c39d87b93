//! The way to a server: address, credentials, keep-alive.

mod address;
mod failure;

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use tonic::metadata::{Ascii, MetadataKey, MetadataMap, MetadataValue};

use self::{
    address::{DEFAULT_PORT, parse, without_credentials},
    failure::{not_temporal, refused, unreachable},
};
use super::Client;
use crate::{
    data::{Converter, Format},
    error::ConnectError,
    time::span::Span,
    transport::{
        caller::Caller,
        channel::{Channel, Target},
        id,
        retry::Patience,
    },
    wire::namespace::GetSystemInfo,
};

const DEFAULT_NAMESPACE: &str = "default";
/// How long connecting may take unless it is told otherwise.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The options of a connection; made by [`Client::builder`].
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example() -> Result<()> {
/// let client = Client::builder("temporal.internal:7233")
///     .namespace("orders")
///     .connect_timeout(secs(3))
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example() -> Result<()> {
/// let client = Client::builder("temporal.internal:7233")
///     .namespace("shop")
///     .identity("shop-frontend-1")
///     .api_key("secret")
///     .header("x-team", "checkout")
///     .connect_timeout(secs(5))
///     .keep_alive(secs(30))
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "`.connect().await` makes the client"]
pub struct ClientBuilder {
    address: String,
    namespace: String,
    identity: Option<String>,
    api_key: Option<String>,
    headers: Vec<(String, String)>,
    connect_timeout: Duration,
    keep_alive: Option<Duration>,
    converter: Converter,
    connecting: Connecting,
}

/// The connection that a builder is making, once it is polled. A clone of the builder makes its own.
#[derive(Default)]
struct Connecting(Option<Mutex<BoxFuture<'static, Result<Client, ConnectError>>>>);

impl Clone for Connecting {
    fn clone(&self) -> Self {
        Self(None)
    }
}

impl ClientBuilder {
    pub(crate) fn new(address: String) -> Self {
        Self {
            address,
            namespace: DEFAULT_NAMESPACE.to_owned(),
            identity: None,
            api_key: None,
            headers: Vec::new(),
            connect_timeout: CONNECT_TIMEOUT,
            keep_alive: Some(Duration::from_secs(30)),
            converter: Converter::default(),
            connecting: Connecting::default(),
        }
    }

    pub(crate) fn from_env() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let address = set("TEMPORAL_ADDRESS");
        let mut builder = Self::new(address.unwrap_or_else(|| format!("localhost:{DEFAULT_PORT}")));
        if let Some(namespace) = set("TEMPORAL_NAMESPACE") {
            builder.namespace = namespace;
        }
        builder.api_key = set("TEMPORAL_API_KEY");
        builder
    }

    /// The namespace; `default` if not set.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Who this client is, in the histories it writes to; `process@host` if not set.
    pub fn identity(mut self, identity: impl Into<String>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// Sends this key as `authorization: Bearer <key>` with every request, as Temporal Cloud requires; no
    /// key by default.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// Sends this header with every request; may be repeated. A name or a value that HTTP does not allow
    /// is an error of [`connect`](Self::connect).
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// How long connecting may take; ten seconds if not set.
    pub fn connect_timeout(mut self, timeout: impl Span) -> Self {
        self.connect_timeout = timeout.into_duration();
        self
    }

    /// How often an idle connection is probed, so that a dead one is noticed and the network
    /// between does not forget it; 30 seconds if not set, `None` for never.
    pub fn keep_alive(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.keep_alive = interval.into();
        self
    }

    /// Writes values in this format instead of JSON, in this client and the workers that use it.
    /// JSON is still read.
    ///
    /// ```no_run
    /// # use durably::{Client, data::Format};
    /// # async fn example(message_pack: impl Format) -> durably::Result<Client> {
    /// let client = Client::builder("localhost:7233").format(message_pack).connect().await?;
    /// # Ok(client)
    /// # }
    /// ```
    pub fn format(mut self, format: impl Format) -> Self {
        self.converter = Converter::of(format);
        self
    }

    /// Connects, and asks the server what it is, so that a wrong address is known now.
    ///
    /// # Errors
    /// The address is not one, nothing answers there, what answers is no Temporal server, or it
    /// refuses us.
    pub async fn connect(self) -> Result<Client, ConnectError> {
        let metadata = self.metadata()?;
        let uri = parse(&self.address)?;
        let address = uri.to_string();
        let address = address.trim_end_matches('/').to_owned();
        let target = Target {
            uri,
            connect_timeout: self.connect_timeout,
            keep_alive: self.keep_alive,
        };
        let channel = match Channel::connect(target).await {
            Ok(channel) => channel,
            Err(error) => return Err(unreachable(address, error)),
        };
        let headers = metadata.into_headers();
        let identity = self.identity.unwrap_or_else(id::identity);
        let caller = Caller::grpc(channel.clone(), headers, &self.namespace, &identity);
        if let Err(error) = greet(&caller, &address, self.connect_timeout).await {
            return Err(match channel.foreign_answer() {
                Some(answer) => not_temporal(address, &answer),
                None => error,
            });
        }
        Ok(Client(Arc::new(caller), self.converter))
    }

    fn metadata(&self) -> Result<MetadataMap, ConnectError> {
        let mut metadata = MetadataMap::new();
        let mut insert = |name: &str, value: &str| {
            let header = |_| ConnectError::Header {
                name: name.to_owned(),
            };
            let mut value = MetadataValue::<Ascii>::try_from(value).map_err(header)?;
            // Any header may carry a credential. HTTP/2 keeps such values out of its compression
            // tables, and `Debug` shows none of them.
            value.set_sensitive(true);
            let header = |_| ConnectError::Header {
                name: name.to_owned(),
            };
            let key = MetadataKey::<Ascii>::from_bytes(name.to_ascii_lowercase().as_bytes())
                .map_err(header)?;
            metadata.insert(key, value);
            Ok(())
        };
        insert("client-name", "durably")?;
        insert("client-version", env!("CARGO_PKG_VERSION"))?;
        if let Some(key) = &self.api_key {
            insert("authorization", &format!("Bearer {key}"))?;
            insert("temporal-namespace", &self.namespace)?;
        }
        for (name, value) in &self.headers {
            insert(name, value)?;
        }
        Ok(metadata)
    }
}

/// Keys and the values of headers are secrets: they are not shown.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            address,
            namespace,
            identity,
            api_key,
            headers,
            connect_timeout,
            keep_alive,
            converter,
            connecting: _,
        } = self;
        let headers: Vec<(&str, Hidden)> = headers
            .iter()
            .map(|(name, _)| (name.as_str(), Hidden))
            .collect();
        f.debug_struct("ClientBuilder")
            .field("address", &without_credentials(address))
            .field("namespace", namespace)
            .field("identity", identity)
            .field("api_key", &api_key.as_ref().map(|_| Hidden))
            .field("headers", &headers)
            .field("connect_timeout", connect_timeout)
            .field("keep_alive", keep_alive)
            .field("converter", converter)
            .finish()
    }
}

/// Stands for a value that is not shown.
struct Hidden;

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<hidden>")
    }
}

/// Asks the server what it is, to learn whether it is one.
pub(crate) async fn greet(
    caller: &Caller,
    address: &str,
    timeout: Duration,
) -> Result<(), ConnectError> {
    let patience = Patience::one_attempt(timeout);
    let response = caller.call(GetSystemInfo, patience).await;
    response.map_err(|error| refused(address.to_owned(), error))
}

/// As [`ClientBuilder::connect`].
impl Future for ClientBuilder {
    type Output = Result<Client, ConnectError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut connecting = match self.connecting.0.take() {
            Some(connecting) => connecting
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner),
            None => Box::pin(self.clone().connect()),
        };
        let connected = connecting.as_mut().poll(cx);
        self.connecting.0 = Some(Mutex::new(connecting));
        connected
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::client::Client;

    #[test]
    fn no_secret_is_shown() {
        let builder = Client::builder("http://me:s3cret@temporal.internal:7233")
            .api_key("s3cret")
            .header("x-token", "s3cret");
        let metadata = builder.metadata().expect("the headers can be sent");
        let refused = parse(&builder.address).expect_err("no server takes a password");
        let rest = parse("http://me:s3cret@[bad").expect_err("the host is none");
        for shown in [
            format!("{builder:?}"),
            format!("{builder:#?}"),
            format!("{metadata:?}"),
            format!("{:?}", metadata.into_headers()),
            format!("{refused} {refused:?}"),
            format!("{rest} {rest:?}"),
        ] {
            assert!(!shown.contains("s3cret"), "{shown}");
        }
        let shown = format!("{builder:?}");
        assert!(shown.contains("temporal.internal:7233"), "{shown}");
        assert!(shown.contains("x-token"), "{shown}");
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_named_without_its_value() {
        let builder = Client::builder("localhost").header("x-token", "s3cret\n");
        let error = builder.metadata().expect_err("a line break cannot be sent");
        let shown = format!("{error} {error:?}");
        assert!(
            shown.contains("x-token") && !shown.contains("s3cret"),
            "{shown}"
        );
        let builder = Client::builder("localhost").api_key("s3cret\n");
        let error = builder.metadata().expect_err("a line break cannot be sent");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

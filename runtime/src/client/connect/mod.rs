//! Connection to a server: address, credentials, keep-alive.

mod address;
mod codec_endpoint;
mod failure;
mod profile;
#[cfg(feature = "remote-codec")]
mod remote_codec;

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use durably_engine::{SDK_NAME, SDK_VERSION};
use futures::future::BoxFuture;
use http::{
    HeaderMap, Uri,
    uri::{Authority, Scheme},
};
use tonic::metadata::{Ascii, MetadataKey, MetadataMap, MetadataValue};

#[cfg(feature = "remote-codec")]
pub use self::remote_codec::RemoteCodec;
use self::{
    address::{Written, parse, parse_proxy, without_credentials},
    codec_endpoint::CodecEndpoint,
    failure::{not_connected, refused},
    profile::Environment,
};
use super::Client;
#[cfg(feature = "tls")]
use crate::transport::tls::Tls;
use crate::{
    codec::{Codecs, PayloadCodec},
    data::{Converter, Format, Text},
    error::ConnectError,
    interceptor::{ClientChain, ClientInterceptor},
    telemetry::Meter,
    time::span::Span,
    transport::{
        caller::Caller,
        channel::Channel,
        grpc::{ApiKey, bearer, name_namespace},
        id,
        retry::Patience,
        target::{KeepAlive, Target},
    },
    wire::namespace::GetSystemInfo,
};

const DEFAULT_NAMESPACE: &str = "default";
/// How long connecting may take unless it is told otherwise.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A server ends connections that are probed more often: this is
/// [the default](https://github.com/temporalio/temporal/blob/main/common/dynamicconfig/constants.go) of
/// `frontend.keepAliveMinTime`.
const LEAST_KEEP_ALIVE: Duration = Duration::from_secs(10);

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
    addresses: Vec<String>,
    authority: Option<String>,
    namespace: String,
    identity: Option<String>,
    api_key: Option<Key>,
    plain_api_key: bool,
    headers: Vec<(String, String)>,
    connect_timeout: Duration,
    keep_alive: Option<Duration>,
    proxy: Option<String>,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
    converter: Converter,
    /// Those that the program names, which may be none.
    codecs: Option<Codecs>,
    /// That of the configuration.
    codec_endpoint: Option<CodecEndpoint>,
    interceptors: ClientChain,
    meter: Option<Arc<dyn Meter>>,
    connecting: Connecting,
}

/// What requests are authorized by.
#[derive(Clone)]
enum Key {
    Fixed(String),
    Given(ApiKey),
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
            addresses: vec![address],
            authority: None,
            namespace: DEFAULT_NAMESPACE.to_owned(),
            identity: None,
            api_key: None,
            plain_api_key: false,
            headers: Vec::new(),
            connect_timeout: CONNECT_TIMEOUT,
            keep_alive: Some(Duration::from_secs(30)),
            proxy: None,
            #[cfg(feature = "tls")]
            tls: None,
            converter: Converter::default(),
            codecs: None,
            codec_endpoint: None,
            interceptors: ClientChain::default(),
            meter: None,
            connecting: Connecting::default(),
        }
    }

    /// The connection that the configuration describes, as [`Client::from_env`] makes it, to change it.
    ///
    /// ```no_run
    /// # use durably::{client::ClientBuilder, prelude::*};
    /// # async fn example() -> Result<Client> {
    /// let client = ClientBuilder::from_env()?.identity("shop-frontend-1").connect().await?;
    /// # Ok(client)
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ConnectError::Configuration`]; [`ConnectError::TlsMissing`] if the feature `tls` is off.
    pub fn from_env() -> Result<Self, ConnectError> {
        profile::builder(&Environment::of_process(), None)
    }

    /// As [`from_env`](Self::from_env), with this profile of the file.
    ///
    /// ```no_run
    /// # use durably::{client::ClientBuilder, prelude::*};
    /// # async fn example() -> Result<Client> {
    /// let client = ClientBuilder::from_profile("prod")?.connect_timeout(secs(3)).connect().await?;
    /// # Ok(client)
    /// # }
    /// ```
    ///
    /// # Errors
    /// As those of [`from_env`](Self::from_env); the file has no such profile.
    pub fn from_profile(name: &str) -> Result<Self, ConnectError> {
        profile::builder(&Environment::of_process(), Some(name))
    }

    /// The namespace; `default` if not set.
    pub fn namespace(mut self, namespace: impl Text) -> Self {
        self.namespace = namespace.into_text();
        self
    }

    /// Who this client is, in the histories it writes to; `process@host` if not set.
    pub fn identity(mut self, identity: impl Text) -> Self {
        self.identity = Some(identity.into_text());
        self
    }

    /// Another address of the same service, tried when the ones before do not answer; may be repeated.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example() -> Result<Client> {
    /// let client = Client::builder("temporal-1:7233").add_address("temporal-2:7233").connect().await?;
    /// # Ok(client)
    /// # }
    /// ```
    pub fn add_address(mut self, address: impl Text) -> Self {
        self.addresses.push(address.into_text());
        self
    }

    /// The name that requests have for the server (HTTP/2's `:authority`), by which proxies choose one; if not
    /// set, the `server_name` of [`tls`](Self::tls), or the address.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example() -> Result<Client> {
    /// let client = Client::builder("10.0.0.7:7233").authority("temporal.acme.com").connect().await?;
    /// # Ok(client)
    /// # }
    /// ```
    pub fn authority(mut self, name: impl Text) -> Self {
        self.authority = Some(name.into_text());
        self
    }

    /// Sends this key as `authorization: Bearer <key>` with every request, as Temporal Cloud requires; no
    /// key by default.
    ///
    /// A key is sent over TLS only: an address without a scheme then means `https://`, and one with
    /// `http://` is refused unless [`allow_plain_api_key`](Self::allow_plain_api_key) is called.
    pub fn api_key(mut self, key: impl Text) -> Self {
        self.api_key = Some(Key::Fixed(key.into_text()));
        self
    }

    /// As [`api_key`](Self::api_key), with the key that the function gives for each request, so that keys
    /// can be changed without a new client. It is called on the connection's thread, and must not block.
    ///
    /// ```no_run
    /// # use std::sync::{Arc, RwLock};
    /// # use durably::prelude::*;
    /// # async fn example(current: Arc<RwLock<String>>) -> Result<Client> {
    /// let key = move || current.read().map(|key| key.clone()).unwrap_or_default();
    /// let client = Client::builder("us-east-1.aws.api.temporal.io:7233")
    ///     .namespace("shop.a1b2c")
    ///     .api_key_from(key)
    ///     .connect()
    ///     .await?;
    /// # Ok(client)
    /// # }
    /// ```
    pub fn api_key_from(mut self, key: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.api_key = Some(Key::Given(ApiKey(Arc::new(key))));
        self
    }

    /// Lets the API key be sent without TLS, where whoever is between can read it: to a server on the same
    /// machine, or to a proxy beside this process that speaks TLS.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(key: String) -> Result<Client> {
    /// let client = Client::builder("localhost:7233").api_key(key).allow_plain_api_key().connect().await?;
    /// # Ok(client)
    /// # }
    /// ```
    pub fn allow_plain_api_key(mut self) -> Self {
        self.plain_api_key = true;
        self
    }

    /// Connects over TLS, with these options. An address with `https://` needs no call of this; it is for a
    /// root, a certificate or a name of one's own.
    ///
    /// ```no_run
    /// # use durably::{client::Tls, prelude::*};
    /// # async fn example() -> Result<Client> {
    /// let tls = Tls::new().certificate_files("orders.pem", "orders.key");
    /// let client = Client::builder("shop.a1b2c.tmprl.cloud:7233")
    ///     .namespace("shop.a1b2c")
    ///     .tls(tls)
    ///     .connect()
    ///     .await?;
    /// # Ok(client)
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Connects through this HTTP proxy, by its `CONNECT` method: `http://host:port`, or
    /// `http://user:password@host:port`; no proxy by default.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example() -> Result<Client> {
    /// let client = Client::builder("temporal.acme.com:7233").proxy("http://proxy:3128").connect().await?;
    /// # Ok(client)
    /// # }
    /// ```
    pub fn proxy(mut self, url: impl Text) -> Self {
        self.proxy = Some(url.into_text());
        self
    }

    /// Sends this header with every request; may be repeated. A name or a value that HTTP does not allow
    /// is an error of [`connect`](Self::connect).
    pub fn header(mut self, name: impl Text, value: impl Text) -> Self {
        self.headers.push((name.into_text(), value.into_text()));
        self
    }

    /// How long connecting may take, to all addresses together; ten seconds if not set.
    pub fn connect_timeout(mut self, timeout: impl Span) -> Self {
        self.connect_timeout = timeout.into_duration();
        self
    }

    /// How often an idle connection is probed, so that a dead one is noticed and the network
    /// between does not forget it; 30 seconds if not set, `None` for never.
    pub fn keep_alive(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.keep_alive = interval.into().map(|it: Duration| it.max(LEAST_KEEP_ALIVE));
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
        self.converter = self.converter.with_format(format);
        self
    }

    /// Adds a codec, which transforms every payload that this client and the workers that use it send and receive:
    /// encryption, compression. The codec that is added first is next to the server: what is sent passes the last
    /// one first.
    ///
    /// ```no_run
    /// # use durably::{Client, codec::PayloadCodec};
    /// # async fn example(
    /// #     encryption: impl PayloadCodec,
    /// #     compression: impl PayloadCodec,
    /// # ) -> durably::Result<Client> {
    /// // What is sent is compressed, and then encrypted.
    /// let client = Client::builder("localhost:7233").codec(encryption).codec(compression).connect().await?;
    /// # Ok(client)
    /// # }
    /// ```
    pub fn codec(mut self, codec: impl PayloadCodec) -> Self {
        self.codecs = Some(self.codecs.unwrap_or_default().codec(codec));
        self
    }

    /// The codecs with their options, in place of those that were added before. `Codecs::new()` is none, whatever
    /// the configuration says.
    ///
    /// ```no_run
    /// # use durably::{Client, codec::{Codecs, PayloadCodec}};
    /// # async fn example(encryption: impl PayloadCodec) -> durably::Result<Client> {
    /// let codecs = Codecs::new().codec(encryption).encode_failures();
    /// let client = Client::builder("localhost:7233").codecs(codecs).connect().await?;
    /// # Ok(client)
    /// # }
    /// ```
    pub fn codecs(mut self, codecs: Codecs) -> Self {
        self.codecs = Some(codecs);
        self
    }

    /// Where this client, the workers that use it, and user code record metrics. There is none by default.
    ///
    /// ```no_run
    /// # use durably::{Client, telemetry::Meter};
    /// # async fn example(meter: impl Meter) -> durably::Result<Client> {
    /// let client = Client::builder("localhost:7233").meter(meter).connect().await?;
    /// # Ok(client)
    /// # }
    /// ```
    pub fn meter(mut self, meter: impl Meter) -> Self {
        self.meter = Some(Arc::new(meter));
        self
    }

    /// Adds an interceptor: code around all calls of the client. The first one added is the outermost. See
    /// [`interceptor`](crate::interceptor).
    ///
    /// ```no_run
    /// # use durably::{Client, interceptor::ClientInterceptor};
    /// # async fn example(tenant: impl ClientInterceptor, audit: impl ClientInterceptor) -> durably::Result<Client> {
    /// // The audit sees the requests as the tenant has changed them.
    /// let client = Client::builder("localhost:7233").interceptor(tenant).interceptor(audit).connect().await?;
    /// # Ok(client)
    /// # }
    /// ```
    pub fn interceptor(mut self, interceptor: impl ClientInterceptor) -> Self /* with an `impl ClientInterceptor` */
    {
        self.interceptors = self.interceptors.with(interceptor);
        self
    }

    /// Connects, and asks the server what it is, so that a wrong address is known now.
    ///
    /// # Errors
    /// The address is not one, nothing answers there, what answers is no Temporal server, it refuses us,
    /// or the options of TLS are of no use.
    pub async fn connect(self) -> Result<Client, ConnectError> {
        let headers = self.metadata()?.into_headers();
        let started = Instant::now();
        let timeout = self.connect_timeout;
        let target = self.target()?;
        #[cfg(feature = "tls")]
        check_in_background(&target, timeout).await?;
        let (all, scheme) = (shown(&target), scheme(&target));
        let channel = channel(target)?;
        let codecs = self.chosen_codecs()?;
        let connected = channel.connect().await;
        connected.map_err(|error| not_connected(all, error))?;
        let client = self.client(channel.clone(), headers, codecs);
        let left = timeout.saturating_sub(started.elapsed());
        let address = || format!("{scheme}://{}", channel.address());
        greet(client.caller(), address, left).await?;
        Ok(client)
    }

    /// A client that connects when it is first used, for a program that must start although the server is
    /// not there yet. Its requests are retried until then, as after a connection that broke; a wrong
    /// address shows by their errors only.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # fn example() -> Result<Client> {
    /// let client = Client::builder("temporal.internal:7233").connect_lazily()?;
    /// # Ok(client)
    /// # }
    /// ```
    ///
    /// # Errors
    /// The address is not one, or the options contradict each other.
    pub fn connect_lazily(self) -> Result<Client, ConnectError> {
        let headers = self.metadata()?.into_headers();
        let target = self.target()?;
        #[cfg(feature = "tls")]
        check(&target)?;
        let codecs = self.chosen_codecs()?;
        Ok(self.client(channel(target)?, headers, codecs))
    }

    /// Those that the program names, or else that of the configuration.
    fn chosen_codecs(&self) -> Result<Codecs, ConnectError> {
        match (&self.codecs, &self.codec_endpoint) {
            (Some(codecs), _) => Ok(codecs.clone()),
            (None, Some(endpoint)) => endpoint.codecs(),
            (None, None) => Ok(Codecs::new()),
        }
    }

    fn client(self, channel: Channel, headers: HeaderMap, codecs: Codecs) -> Client {
        let key = match self.api_key {
            Some(Key::Given(key)) => Some(key),
            Some(Key::Fixed(_)) | None => None,
        };
        let identity = self.identity.unwrap_or_else(id::identity);
        let caller = Caller::grpc(channel, headers, key, &self.namespace, &identity);
        let caller = match self.meter {
            Some(meter) => caller.with_meter(meter),
            None => caller,
        };
        Client(Arc::new(caller), self.converter, self.interceptors).with_codecs(codecs)
    }

    fn target(&self) -> Result<Target, ConnectError> {
        let addresses = self.addresses.iter().map(|address| parse(address));
        let addresses: Vec<Written> = addresses.collect::<Result<_, _>>()?;
        let over_tls = self.is_over_tls(&addresses)?;
        if !over_tls && self.api_key.is_some() && !self.plain_api_key {
            return Err(ConnectError::PlainApiKey {
                address: self.addresses[0].clone(),
            });
        }
        #[cfg(not(feature = "tls"))]
        if over_tls {
            return Err(ConnectError::TlsMissing {
                address: self.addresses[0].clone(),
            });
        }
        let scheme = if over_tls { "https" } else { "http" };
        let first = &addresses[0].address;
        let uri: Result<Uri, _> = format!("{scheme}://{first}").parse();
        let target = Target {
            uri: uri.map_err(|_| ConnectError::Address {
                address: self.addresses[0].clone(),
                reason: "host and port do not make a URL".to_owned(),
            })?,
            addresses: addresses
                .into_iter()
                .map(|written| written.address)
                .collect(),
            authority: self.name_in_requests()?,
            connect_timeout: self.connect_timeout,
            keep_alive: self.keep_alive.map(KeepAlive::every),
            proxy: self.proxy.as_deref().map(parse_proxy).transpose()?,
            #[cfg(feature = "tls")]
            tls: over_tls.then(|| self.tls.clone().unwrap_or_default()),
        };
        Ok(target)
    }

    /// The name that requests have for the server, if it is not to be the address.
    fn name_in_requests(&self) -> Result<Option<Authority>, ConnectError> {
        if let Some(name) = &self.authority {
            let parsed = Authority::try_from(&**name);
            return parsed.map(Some).map_err(|_| ConnectError::Header {
                name: ":authority".to_owned(),
            });
        }
        #[cfg(feature = "tls")]
        let verified = self.tls.as_ref().and_then(Tls::name_of_server);
        #[cfg(not(feature = "tls"))]
        let verified: Option<&str> = None;
        // One that is no name is an error of the options of TLS.
        Ok(verified.and_then(|name| Authority::try_from(name).ok()))
    }

    /// What the addresses say; what they leave open follows from the other options.
    fn is_over_tls(&self, addresses: &[Written]) -> Result<bool, ConnectError> {
        #[cfg(feature = "tls")]
        let has_options = self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        let has_options = false;
        let has_key = self.api_key.is_some() && !self.plain_api_key;
        let by_default = has_options || has_key || addresses.iter().any(Written::is_cloud);
        let mut schemes = addresses
            .iter()
            .map(|written| written.tls.unwrap_or(by_default));
        let first = schemes.next().unwrap_or(by_default);
        let contradiction = |reason: &str| ConnectError::Address {
            address: self.addresses.join(", "),
            reason: reason.to_owned(),
        };
        if schemes.any(|other| other != first) {
            return Err(contradiction("all addresses have one scheme"));
        }
        if has_options && !first {
            return Err(contradiction(
                "`http://` is without TLS, and options of TLS are set",
            ));
        }
        Ok(first)
    }

    fn metadata(&self) -> Result<MetadataMap, ConnectError> {
        let mut metadata = MetadataMap::new();
        name_namespace(metadata.as_mut(), &self.namespace);
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
        insert("client-name", SDK_NAME)?;
        insert("client-version", SDK_VERSION)?;
        // Without it the real server shows the end of a run that another one follows as a continuation.
        insert("supported-features", "follows-next-run-id")?;
        for (name, value) in &self.headers {
            insert(name, value)?;
        }
        if let Some(Key::Fixed(key)) = &self.api_key {
            let name = "authorization";
            let value = bearer(key).map_err(|_| ConnectError::Header {
                name: name.to_owned(),
            })?;
            metadata.as_mut().insert(name, value);
        }
        Ok(metadata)
    }
}

/// Keys and the values of headers are secrets: they are not shown.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            addresses,
            authority,
            namespace,
            identity,
            api_key,
            plain_api_key,
            headers,
            connect_timeout,
            keep_alive,
            proxy,
            #[cfg(feature = "tls")]
            tls,
            converter,
            codecs,
            codec_endpoint,
            interceptors: _,
            meter,
            connecting: _,
        } = self;
        let addresses: Vec<_> = addresses.iter().map(|it| without_credentials(it)).collect();
        let headers: Vec<(&str, Hidden)> = headers
            .iter()
            .map(|(name, _)| (name.as_str(), Hidden))
            .collect();
        let mut shown = f.debug_struct("ClientBuilder");
        shown
            .field("addresses", &addresses)
            .field("authority", authority)
            .field("namespace", namespace)
            .field("identity", identity)
            .field("api_key", &api_key.as_ref().map(|_| Hidden))
            .field("plain_api_key", plain_api_key)
            .field("headers", &headers)
            .field("connect_timeout", connect_timeout)
            .field("keep_alive", keep_alive)
            .field("proxy", &proxy.as_deref().map(without_credentials))
            .field("converter", converter)
            .field("codecs", codecs)
            .field("codec_endpoint", codec_endpoint)
            .field("meter", &meter.is_some());
        #[cfg(feature = "tls")]
        shown.field("tls", tls);
        shown.finish()
    }
}

fn channel(target: Target) -> Result<Channel, ConnectError> {
    let address = shown(&target);
    Channel::lazy(target).map_err(|error| not_connected(address, Arc::new(error)))
}

/// Whether the options of TLS are of use.
///
/// Reads files.
#[cfg(feature = "tls")]
fn check(target: &Target) -> Result<(), ConnectError> {
    let Some(tls) = &target.tls else {
        return Ok(());
    };
    let hosts = target.addresses.iter().map(|address| &*address.host);
    tls.check(hosts).map_err(|fault| ConnectError::TlsOptions {
        reason: fault.to_string(),
    })
}

/// As [`check`], where a volume that hangs holds nobody up.
#[cfg(feature = "tls")]
async fn check_in_background(target: &Target, timeout: Duration) -> Result<(), ConnectError> {
    if target.tls.is_none() {
        return Ok(());
    }
    let target = target.clone();
    let checked = tokio::task::spawn_blocking(move || check(&target));
    let fault = |reason: String| Err(ConnectError::TlsOptions { reason });
    match tokio::time::timeout(timeout, checked).await {
        Ok(Ok(checked)) => checked,
        Ok(Err(ended)) => fault(ended.to_string()),
        Err(_) => fault("the files of certificates cannot be read in time".to_owned()),
    }
}

/// `http://host:port`, as errors name the server; all of its addresses.
fn shown(target: &Target) -> String {
    let scheme = scheme(target);
    let addresses = target.addresses.iter();
    let addresses = addresses.map(|address| format!("{scheme}://{address}"));
    addresses.collect::<Vec<_>>().join(", ")
}

fn scheme(target: &Target) -> &'static str {
    match target.uri.scheme() == Some(&Scheme::HTTPS) {
        true => "https",
        false => "http",
    }
}

/// Stands for a value that is not shown.
struct Hidden;

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<hidden>")
    }
}

/// Asks the server what it is, to learn whether it is one. `address` is where the answer came from.
pub(crate) async fn greet(
    caller: &Caller,
    address: impl FnOnce() -> String,
    timeout: Duration,
) -> Result<(), ConnectError> {
    let patience = Patience::one_attempt(timeout);
    let response = caller.call(GetSystemInfo, patience).await;
    response
        .map(drop)
        .map_err(|error| refused(address(), error))
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
        let refused = parse(&builder.addresses[0]).expect_err("no server takes a password");
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

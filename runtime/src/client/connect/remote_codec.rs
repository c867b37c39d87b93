//! A codec that is a server: it encodes and decodes over HTTP.

use std::{
    collections::BTreeMap,
    fmt,
    future::poll_fn,
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use durably_engine::Payload;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri,
    header::{CONTENT_TYPE, HOST},
    uri::Scheme,
};
use hyper::{
    body::{Body, Incoming},
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::{AsyncRead, AsyncWrite};

use super::address::{host_and_port, without_credentials};
#[cfg(feature = "tls")]
use crate::transport::tls::{self, Tls};
use crate::{
    codec::{CodecContext, CodecError, PayloadCodec},
    data::Text,
    error::{ConnectError, Error},
    transport::target::Address,
    wire::payload,
};

/// What stands for the namespace in the URL.
const NAMESPACE: &str = "{namespace}";
/// What a namespace may have in a URL: all that the servers' own names have.
const UNCHANGED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// The largest response that is read.
const LARGEST_BODY: usize = 128 * 1024 * 1024;
/// How much of the reason of a refusal is shown.
const SHOWN: usize = 200;
/// Connections to one server that are kept for the next requests.
const KEPT_CONNECTIONS: usize = 16;

/// A codec that lets a server encode and decode: the codec endpoint that the `temporal` CLI and the UI request, such
/// as an `Endpoint` of durably (feature `codec-server`), or those of the other SDKs.
///
/// It is for programs that must not have the keys. Each message with payloads waits for a request to the endpoint, and
/// a workflow that is replayed for its whole history again, so a worker that may have the keys is better off with the
/// codecs themselves. A request that fails, fails what it was needed for, as with any [`PayloadCodec`].
///
/// A client whose program names no codecs uses the endpoint of its profile (`codec.endpoint` and `codec.auth` in
/// `temporal.toml`, `TEMPORAL_CODEC_ENDPOINT` and `TEMPORAL_CODEC_AUTH`) by itself. Feature `remote-codec`.
///
/// ```no_run
/// use durably::{Client, client::RemoteCodec};
///
/// # async fn example(token: String) -> durably::Result<Client> {
/// let codec = RemoteCodec::new("https://codecs.acme.com/{namespace}")?
///     .header("authorization", format!("Bearer {token}"))?;
/// let client = Client::builder("temporal.acme.com:7233").codec(codec).connect().await?;
/// # Ok(client)
/// # }
/// ```
#[derive(Clone)]
pub struct RemoteCodec {
    /// May have `{namespace}`; without a slash at its end.
    url: String,
    headers: HeaderMap,
    #[cfg(feature = "tls")]
    tls: Tls,
    idle: Arc<Mutex<Idle>>,
}

/// Connections that wait for their next request, by scheme, host and port.
type Idle = BTreeMap<String, Vec<SendRequest<String>>>;

impl RemoteCodec {
    /// The endpoint at this URL, to which `/encode` and `/decode` are appended; `{namespace}` in it is replaced by the
    /// namespace of the client. The header `x-namespace` has the namespace, too.
    ///
    /// # Errors
    /// [`ConnectError::CodecEndpoint`]; [`ConnectError::TlsMissing`] for an `https://` URL if the feature `tls` is off.
    pub fn new(url: impl Text) -> Result<Self, ConnectError> {
        let url = url.into_text().trim_end_matches('/').to_owned();
        let example = url.replace(NAMESPACE, "default");
        let server = match example.contains('@') {
            true => Err(
                "it has a user name or a password; use `.header(\"authorization\", ..)`".to_owned(),
            ),
            false if example.contains(['?', '#']) => Err(
                "it has a query or a fragment, which no path can be appended to; use `.header(..)` for a token"
                    .to_owned(),
            ),
            false => server(&example).map(|(_, server)| server),
        };
        // A query may have a token.
        let shown = || {
            let path = url.split(['?', '#']).next().unwrap_or_default();
            without_credentials(path).into_owned()
        };
        match server {
            Ok(server) if server.over_tls && cfg!(not(feature = "tls")) => {
                Err(ConnectError::TlsMissing { address: shown() })
            }
            Ok(_) => Ok(Self {
                url,
                headers: HeaderMap::new(),
                #[cfg(feature = "tls")]
                tls: Tls::new(),
                idle: Arc::default(),
            }),
            Err(reason) => Err(ConnectError::CodecEndpoint {
                endpoint: shown(),
                reason,
            }),
        }
    }

    /// Sends this header with every request, such as `authorization`; may be repeated.
    ///
    /// # Errors
    /// [`ConnectError::Header`]: HTTP does not allow the name or the value.
    pub fn header(
        mut self,
        name: impl AsRef<str>,
        value: impl AsRef<str>,
    ) -> Result<Self, ConnectError> {
        let name = name.as_ref();
        let parsed = HeaderName::try_from(name).ok();
        let parsed = parsed.zip(HeaderValue::try_from(value.as_ref()).ok());
        let Some((header, mut value)) = parsed else {
            return Err(ConnectError::Header {
                name: name.to_owned(),
            });
        };
        value.set_sensitive(true);
        self.headers.insert(header, value);
        Ok(self)
    }

    /// Connects to an `https://` endpoint with these options: a root or a certificate of one's own.
    ///
    /// ```
    /// use durably::client::{RemoteCodec, Tls};
    ///
    /// # fn example() -> durably::Result<RemoteCodec> {
    /// let tls = Tls::new().roots_file("certs/ca.pem");
    /// Ok(RemoteCodec::new("https://codecs.acme.com")?.tls(tls))
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        // Those of a clone are connections under its own rules.
        self.idle = Arc::default();
        self
    }

    async fn transform(
        &self,
        operation: &str,
        payloads: Vec<Payload>,
        namespace: &str,
    ) -> Result<Vec<Payload>, CodecError> {
        let written = utf8_percent_encode(namespace, UNCHANGED).to_string();
        let url = format!("{}/{operation}", self.url.replace(NAMESPACE, &written));
        let failed = |reason: String| CodecError::from(format!("`{url}`: {reason}"));
        let (uri, server) = server(&url).map_err(failed)?;
        let mut headers = self.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(HOST, HeaderValue::try_from(server.authority(&uri))?);
        headers.insert("x-namespace", HeaderValue::try_from(namespace)?);
        let body = String::from_utf8(payload::list_to_json(payloads))?;
        let request = || {
            let mut request = Request::new(body.clone());
            *request.method_mut() = Method::POST;
            *request.uri_mut() = path(&uri);
            request.headers_mut().clone_from(&headers);
            request
        };
        let answer = self.exchange(&server, request).await;
        let (status, body) = answer.map_err(|error| failed(format!("{:#}", Error::from(error))))?;
        if status != StatusCode::OK {
            let text: String = String::from_utf8_lossy(&body).chars().take(SHOWN).collect();
            return Err(failed(format!("it answers {status}: {}", text.trim())));
        }
        let read = payload::list_from_json(&body);
        read.map_err(|reason| failed(format!("it does not answer payloads as JSON: {reason}")))
    }

    /// Sends the request over a connection that was used before, or over a new one.
    ///
    /// A server may close a connection at the moment in which it is used again. Encoding and decoding change nothing,
    /// so the request is then repeated.
    async fn exchange(
        &self,
        server: &Server,
        request: impl Fn() -> Request<String>,
    ) -> io::Result<(StatusCode, Vec<u8>)> {
        if let Some(connection) = self.take(server)
            && let Ok(answer) = self.over(server, connection, request()).await
        {
            return Ok(answer);
        }
        let connection = self.connect(server).await?;
        self.over(server, connection, request()).await
    }

    async fn over(
        &self,
        server: &Server,
        mut connection: SendRequest<String>,
        request: Request<String>,
    ) -> io::Result<(StatusCode, Vec<u8>)> {
        connection.ready().await.map_err(io::Error::other)?;
        let response = connection.send_request(request).await;
        let response = response.map_err(io::Error::other)?;
        let status = response.status();
        let body = read(response.into_body()).await?;
        self.keep(server, connection);
        Ok((status, body))
    }

    async fn connect(&self, server: &Server) -> io::Result<SendRequest<String>> {
        let socket = server.address.open().await?;
        socket.set_nodelay(true)?;
        #[cfg(feature = "tls")]
        if server.over_tls {
            let socket = self.tls.wrap(&server.address.host, b"http/1.1", socket);
            let socket = socket.await.map_err(|error| match tls::refusal(&error) {
                Some(reason) => io::Error::other(reason),
                None => error,
            });
            return serve(socket?).await;
        }
        serve(socket).await
    }

    fn take(&self, server: &Server) -> Option<SendRequest<String>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.get_mut(&server.key())?;
        kept.retain(|connection| !connection.is_closed());
        kept.pop()
    }

    fn keep(&self, server: &Server, connection: SendRequest<String>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.entry(server.key()).or_default();
        if kept.len() < KEPT_CONNECTIONS && !connection.is_closed() {
            kept.push(connection);
        }
    }
}

impl PayloadCodec for RemoteCodec {
    async fn encode(
        &self,
        payloads: Vec<Payload>,
        context: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        self.transform("encode", payloads, context.namespace())
            .await
    }

    async fn decode(
        &self,
        payloads: Vec<Payload>,
        context: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        self.transform("decode", payloads, context.namespace())
            .await
    }
}

/// Headers are shown by their names.
impl fmt::Debug for RemoteCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteCodec")
            .field("url", &self.url)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Whom a URL names.
struct Server {
    over_tls: bool,
    address: Address,
}

impl Server {
    fn key(&self) -> String {
        format!("{} {}", self.over_tls, self.address)
    }

    /// The host as the URL has it.
    fn authority<'a>(&self, uri: &'a Uri) -> &'a str {
        uri.authority().map_or("", |authority| authority.as_str())
    }
}

fn server(url: &str) -> Result<(Uri, Server), String> {
    let uri: Uri = url
        .parse()
        .map_err(|error: http::uri::InvalidUri| error.to_string())?;
    let over_tls = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP => false,
        Some(scheme) if *scheme == Scheme::HTTPS => true,
        Some(_) | None => return Err("it begins with `http://` or `https://`".to_owned()),
    };
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let (host, port) = host_and_port(authority)?;
    let port = port.unwrap_or(if over_tls { 443 } else { 80 });
    let address = Address { host, port };
    Ok((uri, Server { over_tls, address }))
}

/// The URL as a request to its own server has it.
fn path(uri: &Uri) -> Uri {
    let path = uri.path_and_query().cloned();
    path.map_or_else(Uri::default, Uri::from)
}

/// Speaks HTTP over the socket until the connection ends.
async fn serve<S>(socket: S) -> io::Result<SendRequest<String>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(socket))
        .await
        .map_err(io::Error::other)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the connection to the codec endpoint broke");
        }
    });
    Ok(sender)
}

async fn read(mut body: Incoming) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(io::Error::other)?;
        if let Some(data) = frame.data_ref() {
            if read.len() + data.len() > LARGEST_BODY {
                return Err(io::Error::other(format!(
                    "its answer is longer than {LARGEST_BODY} bytes"
                )));
            }
            read.extend_from_slice(data);
        }
    }
    Ok(read)
}

//! One gRPC call as one HTTP/2 exchange: framing, deadline, status.
//!
//! See [gRPC over HTTP/2](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).

use std::{
    error::Error as StdError,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use durably_engine::{SDK_NAME, SDK_VERSION};
use durably_proto::Message;
use h2::{Reason, RecvStream};
use http::{
    HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version,
    header::{AUTHORIZATION, CONTENT_TYPE, TE, USER_AGENT},
    uri::PathAndQuery,
};
use tokio::{runtime::Handle, task::JoinHandle, time::timeout_at};
use tonic::{Code, Status};

use super::{
    caller::Transport,
    channel::Channel,
    connection::Connection,
    deadline::deadline_in,
    first_bytes::ForeignAnswer,
    rpc::{self, Rpc},
};
use crate::wire::{Fault, WireError, status::CallError};

/// A page of history may be much larger than gRPC's customary 4 MiB; the server has its own limits.
const MAX_MESSAGE_SIZE: usize = 128 * 1024 * 1024;
/// Names the namespace of a request, for proxies that choose a server by it.
const NAMESPACE_HEADER: &str = "temporal-namespace";
/// Before each message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// A gRPC client.
#[derive(Clone)]
pub(crate) struct Grpc {
    channel: Channel,
    /// What goes with every request.
    headers: HeaderMap,
    key: Option<ApiKey>,
}

/// Gives the API key of each request.
#[derive(Clone)]
pub(crate) struct ApiKey(pub(crate) Arc<dyn Fn() -> String + Send + Sync>);

impl ApiKey {
    /// What a request is authorized by; it is shown nowhere. Without a key the request is retried: one may
    /// be there later, as during key rotation.
    fn header(&self) -> Result<HeaderValue, Status> {
        let fault =
            |what: &str| Status::unavailable(format!("the function that gives the API key {what}"));
        let key = catch_unwind(AssertUnwindSafe(|| (self.0)())).map_err(|_| fault("panicked"))?;
        if key.is_empty() {
            return Err(fault("gave none"));
        }
        bearer(&key).map_err(|_| fault("gave one that cannot be sent in a header"))
    }
}

/// The value of the header that authorizes by a key.
pub(crate) fn bearer(key: &str) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {key}"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Sets the header that names the namespace. One that no header can have is in the message alone: servers have such
/// namespaces, and Temporal Cloud has none.
pub(crate) fn name_namespace(headers: &mut HeaderMap, namespace: &str) {
    match HeaderValue::from_str(namespace) {
        Ok(value) => headers.insert(NAMESPACE_HEADER, value),
        Err(_) => headers.remove(NAMESPACE_HEADER),
    };
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<hidden>")
    }
}

impl Grpc {
    pub(crate) fn new(channel: Channel, mut headers: HeaderMap, key: Option<ApiKey>) -> Self {
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        let agent = HeaderValue::try_from(format!("{SDK_NAME}/{SDK_VERSION}"));
        headers.insert(
            USER_AGENT,
            agent.expect("a name and a version make a header"),
        );
        Self {
            channel,
            headers,
            key,
        }
    }

    /// The same connection. Temporal Cloud routes requests to a region by the header that names the namespace.
    pub(crate) fn in_namespace(&self, namespace: &str) -> Self {
        let mut this = self.clone();
        name_namespace(&mut this.headers, namespace);
        this
    }

    pub(crate) fn channel(&self) -> &Channel {
        &self.channel
    }

    async fn timed(
        &self,
        path: PathAndQuery,
        body: Bytes,
        timeout: Duration,
    ) -> Result<Bytes, CallError> {
        let deadline = deadline_in(timeout);
        let late = |what: &str| Status::deadline_exceeded(format!("{what} within {timeout:?}"));
        let Ok(connection) = timeout_at(deadline, self.channel.ready()).await else {
            return Err(late("no connection").into());
        };
        let exchange = self.exchange(connection?, path, body, timeout);
        match timeout_at(deadline, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(late("no answer").into()),
        }
    }

    async fn exchange(
        &self,
        connection: Connection,
        path: PathAndQuery,
        body: Bytes,
        timeout: Duration,
    ) -> Result<Bytes, CallError> {
        let Connection { mut sender, uri } = connection;
        let request = self.request(uri, path, timeout)?;
        let (answer, mut upload) = sender.send_request(request, false).map_err(broken)?;
        upload.send_data(body, true).map_err(broken)?;
        let (head, body) = answer.await.map_err(broken)?.into_parts();
        // An answer without a body has its status in the headers.
        if let Some(status) = Status::from_header_map(&head.headers) {
            return match status.code() {
                Code::Ok => Err(no_message().into()),
                _ => Err(status.into()),
            };
        }
        if !is_grpc(&head.headers) {
            // All of a foreign body is not worth reading.
            let mut body = body;
            let first = body.data().await.and_then(Result::ok).unwrap_or_default();
            let answer = ForeignAnswer::http(head.status, &head.headers, &first);
            return Err(foreign(answer, head.status).into());
        }
        let (message, trailers) = receive(body).await?;
        match trailers.as_ref().and_then(Status::from_header_map) {
            Some(status) if status.code() == Code::Ok => Ok(message),
            Some(status) => Err(status.into()),
            None => Err(foreign(
                ForeignAnswer::http(head.status, &head.headers, &message),
                head.status,
            )
            .into()),
        }
    }

    fn request(
        &self,
        server: Uri,
        path: PathAndQuery,
        timeout: Duration,
    ) -> Result<Request<()>, Status> {
        let mut uri = server.into_parts();
        uri.path_and_query = Some(path);
        let wrong = |error: http::Error| Status::internal(error.to_string());
        let uri = Uri::from_parts(uri).map_err(|error| wrong(error.into()))?;
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.version_mut() = Version::HTTP_2;
        request.headers_mut().clone_from(&self.headers);
        let headers = request.headers_mut();
        headers.insert("grpc-timeout", encode_timeout(timeout));
        if let Some(key) = &self.key {
            headers.insert(AUTHORIZATION, key.header()?);
        }
        Ok(request)
    }
}

impl Transport for Arc<Grpc> {
    /// The frame, which attempts share.
    type Prepared<M: Rpc> = Bytes;

    fn prepare<M: Rpc>(&self, message: M) -> Bytes {
        frame(&message)
    }

    /// All but reading the answer happens on the connection's thread: a caller on another one wakes
    /// it once, and is woken once.
    ///
    /// # Cancellation
    /// A call that is dropped is cancelled at the server.
    async fn send<M: Rpc>(&self, frame: &Bytes, timeout: Duration) -> Result<M::Reply, CallError> {
        let this = Self::clone(self);
        let frame = frame.clone();
        let exchange = async move { this.timed(rpc::path::<M>(), frame, timeout).await };
        let answer = if self.channel.is_here() {
            exchange.await
        } else {
            there(self.channel.net(), exchange).await
        };
        Ok(read(answer?)?)
    }
}

/// Runs `exchange` on that thread, as long as the caller waits for it.
async fn there(
    net: &Handle,
    exchange: impl Future<Output = Result<Bytes, CallError>> + Send + 'static,
) -> Result<Bytes, CallError> {
    let mut task = AbortOnDrop(net.spawn(exchange));
    let answered = (&mut task.0).await;
    answered.unwrap_or_else(|ended| Err(Status::unavailable(ended.to_string()).into()))
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// At most eight digits and a unit.
fn encode_timeout(timeout: Duration) -> HeaderValue {
    const MOST: u128 = 99_999_999;
    let text = match timeout.as_millis() {
        millis @ ..=MOST => format!("{millis}m"),
        millis => format!("{}S", (millis / 1000).min(MOST)),
    };
    HeaderValue::try_from(text).expect("digits and a letter make a header")
}

fn frame(message: &impl Message) -> Bytes {
    let length = message.encoded_len();
    let mut frame = BytesMut::with_capacity(PREFIX + length);
    frame.put_u8(0);
    // The server refuses messages far below 4 GiB.
    frame.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
    message
        .encode(&mut frame)
        .expect("there is room for all of the message");
    frame.freeze()
}

/// All of the body, and what follows it.
async fn receive(mut body: RecvStream) -> Result<(Bytes, Option<HeaderMap>), Status> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.map_err(broken)?;
        body.flow_control()
            .release_capacity(chunk.len())
            .map_err(broken)?;
        if first.is_empty() {
            first = chunk;
        } else {
            rest.extend_from_slice(&chunk);
        }
        let length = first.len() + rest.len();
        let length = announced(&first, &rest).map_or(length, |it| it.max(length));
        if length > MAX_MESSAGE_SIZE {
            return Err(Status::resource_exhausted(format!(
                "decoded message length too large: {length} bytes, and the limit of this client is \
                 {MAX_MESSAGE_SIZE} bytes"
            )));
        }
    }
    let trailers = body.trailers().await.map_err(broken)?;
    if !rest.is_empty() {
        first = [first, rest.freeze()].concat().into();
    }
    Ok((first, trailers))
}

/// The length of a body, by the prefix of its message: one that is too large need not be received to its end.
fn announced(first: &[u8], rest: &[u8]) -> Option<usize> {
    let mut prefix = first.iter().chain(rest).copied();
    let is_frame = prefix.next()? <= 1;
    let length = [
        prefix.next()?,
        prefix.next()?,
        prefix.next()?,
        prefix.next()?,
    ];
    is_frame.then(|| PREFIX.saturating_add(u32::from_be_bytes(length) as usize))
}

/// The message in an answer's body.
fn read<A: Message + Default>(mut body: Bytes) -> Result<A, WireError> {
    let whole = body.len() >= PREFIX && {
        let plain = body.get_u8() == 0;
        let length = body.get_u32() as usize;
        plain && length == body.len()
    };
    if !whole {
        return Err(no_message());
    }
    A::decode(body).map_err(|error| undecodable(error.to_string()))
}

fn no_message() -> WireError {
    undecodable("not one plain message".to_owned())
}

fn undecodable(reason: String) -> WireError {
    WireError::new("gRPC frame", "message", Fault::Undecodable(reason))
}

/// What came back is from something else than a gRPC server; the
/// [codes](https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md) are gRPC's.
fn foreign(answer: ForeignAnswer, status: StatusCode) -> Status {
    let code = match status {
        StatusCode::BAD_REQUEST => Code::Internal,
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::FORBIDDEN => Code::PermissionDenied,
        StatusCode::NOT_FOUND => Code::Unimplemented,
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Code::Unavailable,
        _ => Code::Unknown,
    };
    let mut status = Status::new(code, answer.to_string());
    status.set_source(Arc::new(answer));
    status
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    content_type.is_none_or(|it| it.starts_with(b"application/grpc"))
}

/// The exchange ended before its answer.
fn broken(error: h2::Error) -> Status {
    let code = match error.reason() {
        Some(Reason::CANCEL) => Code::Cancelled,
        Some(Reason::ENHANCE_YOUR_CALM) => Code::ResourceExhausted,
        Some(Reason::INADEQUATE_SECURITY) => Code::PermissionDenied,
        _ => Code::Unavailable,
    };
    let source: Arc<dyn StdError + Send + Sync> = Arc::new(error);
    let mut status = Status::new(code, source.to_string());
    status.set_source(source);
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_has_at_most_eight_digits() {
        assert_eq!(encode_timeout(Duration::from_millis(70_001)), "70001m");
        assert_eq!(encode_timeout(Duration::from_secs(1_000_000)), "1000000S");
        assert_eq!(encode_timeout(Duration::MAX), "99999999S");
    }

    #[test]
    fn a_message_survives_its_frame() {
        let sent = durably_proto::wkt::Duration {
            seconds: 5,
            nanos: 7,
        };
        assert_eq!(
            read::<durably_proto::wkt::Duration>(frame(&sent)).ok(),
            Some(sent)
        );
    }

    #[test]
    fn half_a_message_is_none() {
        let sent = durably_proto::wkt::Duration {
            seconds: 5,
            nanos: 7,
        };
        let half = frame(&sent).slice(..PREFIX + 1);
        assert!(read::<durably_proto::wkt::Duration>(half).is_err());
        assert!(read::<durably_proto::wkt::Duration>(Bytes::new()).is_err());
    }
}

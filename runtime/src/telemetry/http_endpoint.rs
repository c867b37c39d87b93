//! HTTP for machines that ask how a process is: one request a connection, answered at once.

use std::{convert::Infallible, fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
};

use super::log;

/// How long a client may take to send the head of its request.
const REQUEST_HEAD: Duration = Duration::from_secs(5);
/// Connections at a time; probes have one each, for a moment.
const CONNECTIONS: usize = 64;
/// The pause after a connection that could not be accepted, mostly because too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Answers a request by its method and its path.
pub(crate) type Respond = dyn Fn(&Method, &str) -> Response<String> + Send + Sync;

/// Serves HTTP until it is dropped.
#[derive(Debug)]
pub(crate) struct HttpEndpoint {
    pub(crate) address: SocketAddr,
    serving: JoinHandle<()>,
}

impl HttpEndpoint {
    /// Listens on `address`, `host:port`; `what` names the endpoint in logs.
    ///
    /// # Errors
    /// Why the system refuses the address.
    pub(crate) async fn bind(
        address: &str,
        what: &'static str,
        respond: Arc<Respond>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self {
            address: listener.local_addr()?,
            serving: tokio::spawn(serve(listener, what, respond)),
        })
    }
}

impl Drop for HttpEndpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, what: &'static str, respond: Arc<Respond>) {
    let connection_limit = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let connection_permit = Arc::clone(&connection_limit).acquire_owned().await;
        let connection = match listener.accept().await {
            Ok((connection, _)) => connection,
            Err(error) => {
                log::warning!(%error, "{what} cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let respond = Arc::clone(&respond);
        tokio::spawn(async move {
            let _permit = connection_permit;
            answer(connection, what, &*respond).await;
        });
    }
}

/// Answers the one request of a connection.
async fn answer(connection: TcpStream, what: &'static str, respond: &Respond) {
    let service = service_fn(|request: Request<Incoming>| {
        let response = respond(request.method(), request.uri().path());
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(connection), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to {what} failed");
    }
}

/// A response that nobody keeps.
pub(crate) fn response(
    status: StatusCode,
    content_type: &'static str,
    body: String,
) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Whether the method only reads.
pub(crate) fn is_read(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

/// Says which methods there are.
pub(crate) fn only_reads(mut refused: Response<String>) -> Response<String> {
    *refused.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    let allowed = HeaderValue::from_static("GET, HEAD");
    refused.headers_mut().insert(ALLOW, allowed);
    refused
}

/// Says why an address cannot be listened on, and what to do about it.
pub(crate) fn fmt_not_bound(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    address: &str,
    source: &io::Error,
) -> fmt::Result {
    write!(f, "{what} cannot listen on `{address}`: ")?;
    match source.kind() {
        io::ErrorKind::AddrInUse => f.write_str(
            "another program, or another endpoint of this one, uses the port; choose another, or 0 for any free one",
        ),
        io::ErrorKind::PermissionDenied => {
            f.write_str("this process may not use the port; choose one above 1023")
        }
        io::ErrorKind::InvalidInput => {
            write!(f, "{source}; write `host:port`, such as `0.0.0.0:8080`")
        }
        _ => write!(f, "{source}"),
    }
}

//! The connection to a server: HTTP/2, made when it is needed and again when it broke.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use h2::{
    Ping, PingPong,
    client::{Builder, SendRequest},
};
use http::Uri;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::Handle,
    time,
};
use tonic::Status;

use super::{
    first_bytes::{FirstBytes, ForeignAnswer},
    net::Net,
    target::{Address, Target},
};

/// What the server may send ahead of our reading: of one answer, and in all. Generous, so that no
/// answer of customary size needs a frame from us to go on.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;
/// How long the answer to a probe may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(15);

/// The way to a server; its clones share one connection.
#[derive(Clone)]
pub(crate) struct Channel(Arc<Inner>);

struct Inner {
    target: Target,
    /// The connection in use: none before the first call.
    current: Mutex<Option<SendRequest<Bytes>>>,
    /// Held while connecting, so that callers who find the connection broken make one new one.
    connecting: tokio::sync::Mutex<()>,
    /// Of the first connection: what answers there is learnt once.
    first_bytes: FirstBytes,
    net: Net,
}

impl Channel {
    /// Connects when it is first used.
    pub(crate) fn lazy(target: Target) -> io::Result<Self> {
        Ok(Self(Arc::new(Inner {
            target,
            current: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            first_bytes: FirstBytes::default(),
            net: Net::start("durably-net")?,
        })))
    }

    /// Connects now, so that a wrong address is known now.
    pub(crate) async fn connect(target: Target) -> io::Result<Self> {
        let channel = Self::lazy(target)?;
        channel.make_connection().await?;
        Ok(channel)
    }

    /// `http://host:port` or `https://host:port`.
    pub(crate) fn uri(&self) -> &Uri {
        &self.0.target.uri
    }

    /// What answered the connection, if it is not a gRPC server.
    pub(crate) fn foreign_answer(&self) -> Option<ForeignAnswer> {
        self.0.first_bytes.foreign_answer()
    }

    /// Why the server ended TLS, if it did after its handshake.
    pub(crate) fn tls_refusal(&self) -> Option<String> {
        self.0.first_bytes.tls_refusal()
    }

    /// The thread the connection lives on.
    pub(crate) fn net(&self) -> &Handle {
        self.0.net.handle()
    }

    /// Whether the caller is on that thread.
    pub(crate) fn is_here(&self) -> bool {
        Handle::try_current().is_ok_and(|here| here.id() == self.net().id())
    }

    /// A connection that takes a request, made anew if the last one broke or is being closed.
    pub(crate) async fn ready(&self) -> Result<SendRequest<Bytes>, Status> {
        if let Some(ready) = self.current().await {
            return Ok(ready);
        }
        let _connecting = self.0.connecting.lock().await;
        if let Some(ready) = self.current().await {
            return Ok(ready);
        }
        self.make_connection().await.map_err(unreachable)
    }

    /// The connection in use, if it still takes requests.
    async fn current(&self) -> Option<SendRequest<Bytes>> {
        let current = self.lock().clone();
        current?.ready().await.ok()
    }

    async fn make_connection(&self) -> io::Result<SendRequest<Bytes>> {
        let target = self.0.target.clone();
        let connected = self
            .net()
            .spawn(connect(target, self.0.first_bytes.clone()))
            .await;
        let sender = connected.map_err(io::Error::other)??;
        *self.lock() = Some(sender.clone());
        Ok(sender)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<SendRequest<Bytes>>> {
        let current = self.0.current.lock();
        current.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connects to the first address that answers, and serves the connection on this runtime until it
/// ends. The error is that of the last one.
async fn connect(target: Target, first_bytes: FirstBytes) -> io::Result<SendRequest<Bytes>> {
    let mut failure = None;
    for address in &target.addresses {
        let connecting = handshake(&target, address, &first_bytes);
        match time::timeout(target.connect_timeout, connecting).await {
            Ok(Ok(sender)) => return Ok(sender),
            Ok(Err(error)) => failure = Some(error),
            Err(_) => failure = Some(io::ErrorKind::TimedOut.into()),
        }
    }
    Err(failure.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()))
}

async fn handshake(
    target: &Target,
    address: &Address,
    first_bytes: &FirstBytes,
) -> io::Result<SendRequest<Bytes>> {
    let socket = target.open(address).await?;
    #[cfg(feature = "tls")]
    if let Some(tls) = &target.tls {
        let socket = tls.wrap(&address.host, socket).await?;
        return serve(first_bytes.of(socket), target.keep_alive).await;
    }
    serve(first_bytes.of(socket), target.keep_alive).await
}

/// Speaks HTTP/2 over the socket until the connection ends.
async fn serve<S>(socket: S, keep_alive: Option<Duration>) -> io::Result<SendRequest<Bytes>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, mut connection) = Builder::new()
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .handshake(socket)
        .await
        .map_err(io::Error::other)?;
    let probes = connection.ping_pong().zip(keep_alive);
    tokio::spawn(async move {
        let dead = async {
            match probes {
                Some((ping, interval)) => last_probe(ping, interval).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            ended = connection => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "the connection to the server broke");
                }
            }
            () = dead => tracing::debug!("the server does not answer probes"),
        }
    });
    Ok(sender)
}

/// Probes the connection until a probe is not answered.
async fn last_probe(mut ping: PingPong, interval: Duration) {
    loop {
        time::sleep(interval).await;
        let pong = time::timeout(PROBE_TIMEOUT, ping.ping(Ping::opaque())).await;
        if !matches!(pong, Ok(Ok(_))) {
            return;
        }
    }
}

fn unreachable(error: io::Error) -> Status {
    let mut status = Status::unavailable(error.to_string());
    status.set_source(Arc::new(error));
    status
}

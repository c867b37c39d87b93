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
use tokio::{net::TcpStream, runtime::Handle, time};
use tonic::Status;

use super::{
    first_bytes::{FirstBytes, ForeignAnswer},
    net::Net,
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

/// Where a channel leads, and how it is kept up.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// `http://host:port`.
    pub(crate) uri: Uri,
    pub(crate) connect_timeout: Duration,
    /// How often the connection is probed.
    pub(crate) keep_alive: Option<Duration>,
}

impl Channel {
    /// Connects now, so that a wrong address is known now.
    pub(crate) async fn connect(target: Target) -> io::Result<Self> {
        let channel = Self(Arc::new(Inner {
            target,
            current: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            first_bytes: FirstBytes::default(),
            net: Net::start("durably-net")?,
        }));
        channel.make_connection().await?;
        Ok(channel)
    }

    /// `http://host:port`.
    pub(crate) fn uri(&self) -> &Uri {
        &self.0.target.uri
    }

    /// What answered the connection, if it is not a gRPC server.
    pub(crate) fn foreign_answer(&self) -> Option<ForeignAnswer> {
        self.0.first_bytes.foreign_answer()
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

/// Connects, and serves the connection on this runtime until it ends.
async fn connect(target: Target, first_bytes: FirstBytes) -> io::Result<SendRequest<Bytes>> {
    time::timeout(target.connect_timeout, handshake(target, first_bytes))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn handshake(target: Target, first_bytes: FirstBytes) -> io::Result<SendRequest<Bytes>> {
    let host = target.uri.host().unwrap_or_default();
    // The brackets of an IPv6 address belong to the URI, not to the address.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let socket = TcpStream::connect((host, target.uri.port_u16().unwrap_or(80))).await?;
    socket.set_nodelay(true)?;
    let (sender, mut connection) = Builder::new()
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .handshake(first_bytes.of(socket))
        .await
        .map_err(io::Error::other)?;
    let probes = connection.ping_pong().zip(target.keep_alive);
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

//! One connection: made to the first address that answers, served until it ends.

use std::{error::Error, fmt, io};

use bytes::Bytes;
use futures::future::{Either, select};
use h2::{
    Ping, PingPong,
    client::{Builder, SendRequest},
};
use http::Uri;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{self, Instant},
};

use super::{
    deadline::deadline_in,
    first_bytes::FirstBytes,
    target::{Address, KeepAlive, Target},
};
#[cfg(feature = "tls")]
use super::{first_bytes::ForeignAnswer, tls};

/// What the server may send ahead of our reading: of one answer, and in all. Generous, so that no
/// answer of customary size needs a frame from us to go on.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;

/// A connection that takes requests; its clones share it.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<Bytes>,
    /// What requests name as their server.
    pub(super) uri: Uri,
}

/// Why none of several addresses can be used: of each the reason, in the order of the attempts.
#[derive(Debug)]
pub(crate) struct NoAddress(pub(crate) Vec<(Address, io::Error)>);

/// Connects to the first address that answers, beginning with the one at `first`, and returns its place, too.
/// What is left of the time is shared out among the addresses that are left, so that one that is silent does
/// not take all of it.
///
/// # Errors
/// That of the one address, or [`NoAddress`]. An address at which something else than a Temporal server answers has
/// the answer, a [`ForeignAnswer`](super::first_bytes::ForeignAnswer).
pub(super) async fn connect(target: &Target, first: usize) -> io::Result<(usize, Connection)> {
    let deadline = deadline_in(target.connect_timeout);
    let count = target.addresses.len();
    let mut failures = Vec::new();
    for number in 0..count {
        let place = (first + number) % count;
        let address = &target.addresses[place];
        let left = deadline.saturating_duration_since(Instant::now());
        let share = u32::try_from(count - number).map_or(left, |addresses| left / addresses);
        match handshake(target, address, Instant::now() + share).await {
            Ok(sender) => {
                let uri = target.uri_of(address);
                return Ok((place, Connection { sender, uri }));
            }
            Err(error) => failures.push((address.clone(), error)),
        }
    }
    Err(match <[_; 1]>::try_from(failures) {
        // The caller knows the one address.
        Ok([(_, error)]) => error,
        Err(all) => io::Error::other(NoAddress(all)),
    })
}

async fn handshake(
    target: &Target,
    address: &Address,
    deadline: Instant,
) -> io::Result<SendRequest<Bytes>> {
    let socket = target.open(address, deadline).await?;
    let first_bytes = FirstBytes::default();
    #[cfg(feature = "tls")]
    if let Some(tls) = &target.tls {
        let wrapped = tls.wrap(&address.host, b"h2", socket);
        let wrapped = in_time(deadline, "the TLS handshake is not answered", wrapped).await;
        let socket = wrapped.map_err(|error| match tls::refusal(&error) {
            Some(reason) => io::Error::other(ForeignAnswer::Tls(reason)),
            None => error,
        })?;
        let served = serve(first_bytes.of(socket), target.keep_alive, deadline).await;
        return served.map_err(|error| explained(error, &first_bytes));
    }
    let served = serve(first_bytes.of(socket), target.keep_alive, deadline).await;
    served.map_err(|error| explained(error, &first_bytes))
}

/// What the server sent in place of HTTP/2, if that is why the connection failed.
fn explained(error: io::Error, first_bytes: &FirstBytes) -> io::Error {
    first_bytes.foreign_answer().map_or(error, io::Error::other)
}

/// The result, or an error that says what did not happen in time.
pub(super) async fn in_time<T>(
    deadline: Instant,
    otherwise: &str,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    match time::timeout_at(deadline, work).await {
        Ok(done) => done,
        Err(_) => {
            let message = format!("{otherwise} in time");
            Err(io::Error::new(io::ErrorKind::TimedOut, message))
        }
    }
}

/// Speaks HTTP/2 over the socket until the connection ends. Returns once the server speaks it, too: a load
/// balancer without a server behind it accepts connections just as well.
async fn serve<S>(
    socket: S,
    keep_alive: Option<KeepAlive>,
    deadline: Instant,
) -> io::Result<SendRequest<Bytes>>
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
    let mut ping = connection
        .ping_pong()
        .expect("it is taken here, for the first time");
    let first_probe = async {
        let pong = Box::pin(ping.ping(Ping::opaque()));
        match select(&mut connection, pong).await {
            Either::Left((Ok(()), _)) => Err(io::ErrorKind::ConnectionReset.into()),
            Either::Left((Err(error), _)) | Either::Right((Err(error), _)) => {
                Err(io::Error::other(error))
            }
            Either::Right((Ok(_), _)) => Ok(()),
        }
    };
    in_time(
        deadline,
        "the connection is accepted, but not answered",
        first_probe,
    )
    .await?;
    tokio::spawn(async move {
        let dead = async {
            match keep_alive {
                Some(probes) => last_probe(ping, probes).await,
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
async fn last_probe(mut ping: PingPong, probes: KeepAlive) {
    loop {
        time::sleep(probes.interval).await;
        let pong = time::timeout(probes.timeout, ping.ping(Ping::opaque())).await;
        if !matches!(pong, Ok(Ok(_))) {
            return;
        }
    }
}

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (address, error)) in self.0.iter().enumerate() {
            let separator = if number == 0 { "" } else { "; " };
            write!(f, "{separator}{address}: {error}")?;
        }
        Ok(())
    }
}

impl Error for NoAddress {}

//! Where a server is, and how it is reached.

use std::{fmt, io, net::SocketAddr, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use http::{
    Uri,
    uri::{Authority, Parts},
};
use tokio::{
    net::{TcpStream, lookup_host},
    time::{Instant, sleep},
};

#[cfg(feature = "tls")]
use super::tls::Tls;
use super::{connection::in_time, proxy::Proxy};

/// Where a channel leads, and how it is kept up.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// `http://host:port` or `https://host:port`, of the first address.
    pub(crate) uri: Uri,
    /// Tried one after another.
    pub(crate) addresses: Vec<Address>,
    /// What requests name as their server; the address of the connection if not set.
    pub(crate) authority: Option<Authority>,
    /// For all addresses together.
    pub(crate) connect_timeout: Duration,
    pub(crate) keep_alive: Option<KeepAlive>,
    pub(crate) proxy: Option<Proxy>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Tls>,
}

impl Target {
    /// What requests over a connection to the address name as their server. Proxies choose by it, as by the
    /// name that TLS asks for.
    pub(super) fn uri_of(&self, address: &Address) -> Uri {
        let mut parts: Parts = self.uri.clone().into_parts();
        match &self.authority {
            Some(authority) => parts.authority = Some(authority.clone()),
            None => {
                if let Ok(authority) = Authority::try_from(address.to_string()) {
                    parts.authority = Some(authority);
                }
            }
        }
        Uri::from_parts(parts).unwrap_or_else(|_| self.uri.clone())
    }

    /// A connection to the address, through the proxy if there is one, before TLS.
    pub(super) async fn open(&self, address: &Address, deadline: Instant) -> io::Result<TcpStream> {
        let socket = match &self.proxy {
            Some(proxy) => proxy.open(address, deadline).await?,
            None => in_time(deadline, "it does not answer", address.open()).await?,
        };
        socket.set_nodelay(true)?;
        Ok(socket)
    }
}

/// How a connection is probed, so that a dead one is noticed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeepAlive {
    pub(crate) interval: Duration,
    /// How long the answer to a probe may take.
    pub(crate) timeout: Duration,
}

impl KeepAlive {
    pub(crate) const fn every(interval: Duration) -> Self {
        Self {
            interval,
            timeout: PROBE_TIMEOUT,
        }
    }
}

const PROBE_TIMEOUT: Duration = Duration::from_secs(15);

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// A name or an IP address, without the brackets that an IPv6 address has in a URI.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Address {
    pub(crate) async fn open(&self) -> io::Result<TcpStream> {
        let found = lookup_host((&*self.host, self.port)).await?;
        first_to_connect(in_turns(found.collect())).await
    }
}

/// The addresses of a name with their families in turns, beginning with that of the first, as
/// [RFC 8305](https://www.rfc-editor.org/rfc/rfc8305#section-4) has it.
fn in_turns(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let is_ipv6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (same, other): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == is_ipv6);
    let (mut same, mut other) = (same.into_iter(), other.into_iter());
    let mut turns = Vec::with_capacity(same.len() + other.len());
    while same.len() + other.len() > 0 {
        turns.extend(same.next());
        turns.extend(other.next());
    }
    turns
}

/// The first connection that succeeds. Each address has a head start before the next one is tried beside it:
/// one that is silent delays the others, and does not stop them.
async fn first_to_connect(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    attempts.extend(waiting.next().map(TcpStream::connect));
    let mut failure: io::Error = io::ErrorKind::AddrNotAvailable.into();
    while !attempts.is_empty() {
        tokio::select! {
            biased;
            Some(connected) = attempts.next() => match connected {
                Ok(socket) => return Ok(socket),
                Err(error) => failure = error,
            },
            () = sleep(HEAD_START), if waiting.len() > 0 => {}
        }
        attempts.extend(waiting.next().map(TcpStream::connect));
    }
    Err(failure)
}

/// The value that RFC 8305 recommends.
const HEAD_START: Duration = Duration::from_millis(250);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        let parsed = texts.iter().map(|it| it.parse().expect("an address"));
        parsed.collect()
    }

    #[test]
    fn families_take_turns() {
        let found = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "1.1.1.2:1"]);
        let expected = ["[::1]:1", "1.1.1.1:1", "[::2]:1", "1.1.1.2:1", "[::3]:1"];
        assert_eq!(in_turns(found), addresses(&expected));
        assert_eq!(
            in_turns(addresses(&["1.1.1.1:1"])),
            addresses(&["1.1.1.1:1"])
        );
        assert_eq!(in_turns(Vec::new()), []);
    }

    #[tokio::test]
    async fn an_address_that_answers_is_found_behind_those_that_do_not() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("it listens");
        let own = listener.local_addr().expect("it has an address");
        // An address for documentation, which nobody has: it is silent, or refused at once.
        let mut all = addresses(&["192.0.2.1:9", "127.0.0.1:1"]);
        all.push(own);
        let socket = first_to_connect(all).await.expect("one answers");
        assert_eq!(socket.peer_addr().ok(), Some(own));
        let refused = first_to_connect(addresses(&["127.0.0.1:1"])).await;
        assert_eq!(
            refused.expect_err("nobody listens").kind(),
            io::ErrorKind::ConnectionRefused
        );
    }
}

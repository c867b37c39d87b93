//! Where a server is, and how it is reached.

use std::{fmt, io, time::Duration};

use http::Uri;
use tokio::net::TcpStream;

use super::proxy::Proxy;
#[cfg(feature = "tls")]
use super::tls::Tls;

/// Where a channel leads, and how it is kept up.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// `http://host:port` or `https://host:port`: what requests name.
    pub(crate) uri: Uri,
    /// Tried one after another.
    pub(crate) addresses: Vec<Address>,
    pub(crate) connect_timeout: Duration,
    /// How often the connection is probed.
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) proxy: Option<Proxy>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Tls>,
}

impl Target {
    /// A connection to the address, through the proxy if there is one, before TLS.
    pub(crate) async fn open(&self, address: &Address) -> io::Result<TcpStream> {
        let socket = match &self.proxy {
            Some(proxy) => proxy.open(address).await?,
            None => address.open().await?,
        };
        socket.set_nodelay(true)?;
        Ok(socket)
    }
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// A name or an IP address, without the brackets that an IPv6 address has in a URI.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Address {
    pub(crate) async fn open(&self) -> io::Result<TcpStream> {
        TcpStream::connect((&*self.host, self.port)).await
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

//! Connections through an HTTP proxy, by its `CONNECT` method
//! ([RFC 9110, section 9.3.6](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6)).

use std::{error::Error, fmt, io};

use base64::{Engine, prelude::BASE64_STANDARD};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

use super::{connection::in_time, target::Address};

/// The longest answer of a proxy that is read.
const LONGEST_ANSWER: usize = 8 * 1024;

/// An HTTP proxy.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) address: Address,
    /// `user:password`.
    pub(crate) credentials: Option<String>,
}

/// Why a proxy opened no connection.
#[derive(Debug)]
pub(crate) struct ProxyFailure {
    /// `host:port` of the proxy.
    pub(crate) proxy: String,
    pub(crate) reason: String,
}

impl Proxy {
    /// A connection to the address, made by the proxy.
    pub(super) async fn open(&self, address: &Address, deadline: Instant) -> io::Result<TcpStream> {
        let tunnel = in_time(deadline, "it does not answer", self.tunnel(address)).await;
        tunnel.map_err(|error| {
            io::Error::other(ProxyFailure {
                proxy: self.address.to_string(),
                reason: error.to_string(),
            })
        })
    }

    async fn tunnel(&self, address: &Address) -> io::Result<TcpStream> {
        let mut socket = self.address.open().await?;
        let mut request = format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n");
        if let Some(credentials) = &self.credentials {
            let credentials = BASE64_STANDARD.encode(credentials);
            request += &format!("Proxy-Authorization: Basic {credentials}\r\n");
        }
        request += "\r\n";
        socket.write_all(request.as_bytes()).await?;
        let head = head(&mut socket).await?;
        let status = head.lines().next().unwrap_or_default();
        let mut words = status.split(' ');
        let is_http = words.next().is_some_and(|it| it.starts_with("HTTP/1."));
        let succeeded = words.next().is_some_and(|it| it.starts_with('2'));
        match is_http && succeeded {
            true => Ok(socket),
            false => Err(io::Error::other(format!("it answers `{status}`"))),
        }
    }
}

/// The head of an answer. What follows it is the server's, so that not a byte more is read.
async fn head(socket: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == LONGEST_ANSWER {
            return Err(io::Error::other(format!(
                "its answer is longer than {LONGEST_ANSWER} bytes"
            )));
        }
        match socket.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(io::Error::other("it closes the connection"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

impl fmt::Display for ProxyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proxy {}: {}", self.proxy, self.reason)
    }
}

impl Error for ProxyFailure {}

/// The credentials are not shown.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let credentials = self.credentials.as_ref().map(|_| "<hidden>");
        f.debug_struct("Proxy")
            .field("address", &self.address)
            .field("credentials", &credentials)
            .finish()
    }
}

//! What a server is started with.

use std::net::{Ipv4Addr, SocketAddr};

use crate::clock::Clock;
use crate::error::StartError;
use crate::server::Server;

/// Settings of a server that is about to start; from [`Server::builder`].
#[derive(Clone, Debug)]
#[must_use = "a server starts with `.start().await`"]
pub struct ServerBuilder {
    pub(crate) address: SocketAddr,
    pub(crate) grpc: bool,
    pub(crate) namespaces: Vec<String>,
    pub(crate) clock: Clock,
    pub(crate) seed: Option<u64>,
}

impl ServerBuilder {
    pub(crate) fn new() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            grpc: true,
            namespaces: Vec::new(),
            clock: Clock::system(),
            seed: None,
        }
    }

    /// The port on loopback; 0, the default, takes any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// The address to listen on, instead of a port on loopback. There is no access control: whoever
    /// reaches the address can do everything.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Registers a namespace in addition to `default`; may be repeated.
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.namespaces.push(name.into());
        self
    }

    /// Which time timers go by; the machine's unless told otherwise.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Whether the server listens at all. Without it only [`Server::service`] reaches it.
    pub fn grpc(mut self, listen: bool) -> Self {
        self.grpc = listen;
        self
    }

    /// Where ids and retry jitter come from: with the same seed the same requests in the same
    /// order get the same ids.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    /// When the address cannot be listened on, or a namespace is named twice.
    pub async fn start(self) -> Result<Server, StartError> {
        Server::launch(self).await
    }
}

//! Builder of a server.

use std::net::{Ipv4Addr, SocketAddr};
#[cfg(any(feature = "sqlite", feature = "tls"))]
use std::path::PathBuf;
use std::time::Duration;

use crate::clock::Clock;
use crate::error::StartError;
use crate::grpc::access::Secret;
#[cfg(feature = "tls")]
use crate::grpc::access::TlsFiles;
use crate::matching::fairness::DispatchOrder;
use crate::server::Server;

/// Configures and starts a server; created by [`Server::builder`].
///
/// ```
/// use durably_server::{Clock, Server};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder()
///     .namespace("shop")
///     .port(0)
///     .clock(Clock::skipping())
///     .seed(7)
///     .start()
///     .await?;
///
/// // On all interfaces.
/// let server = Server::builder().listen(([0, 0, 0, 0], 0).into()).start().await?;
///
/// // On no port: only `Server::service` reaches it.
/// let server = Server::builder().grpc(false).start().await?;
/// assert_eq!(server.address(), None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a server starts with `.start().await`"]
pub struct ServerBuilder {
    pub(crate) address: SocketAddr,
    pub(crate) grpc: bool,
    pub(crate) namespaces: Vec<String>,
    /// By name, with the name of the type.
    pub(crate) search_attributes: Vec<(String, String)>,
    pub(crate) retention: Option<Duration>,
    pub(crate) clock: Clock,
    pub(crate) order: DispatchOrder,
    pub(crate) seed: Option<u64>,
    pub(crate) api_key: Option<Secret>,
    #[cfg(feature = "tls")]
    pub(crate) tls: TlsFiles,
    #[cfg(feature = "sqlite")]
    pub(crate) database: Option<PathBuf>,
}

impl ServerBuilder {
    pub(crate) fn new() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            grpc: true,
            namespaces: Vec::new(),
            search_attributes: Vec::new(),
            retention: None,
            clock: Clock::system(),
            order: DispatchOrder::default(),
            seed: None,
            api_key: None,
            #[cfg(feature = "tls")]
            tls: TlsFiles::default(),
            #[cfg(feature = "sqlite")]
            database: None,
        }
    }

    /// Sets the port on loopback. Default: 0, which takes any free port.
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// Sets the address to listen on, instead of a port on loopback. Without [`Self::api_key`] and
    /// without a client CA whoever reaches the address can call every method.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Registers a namespace in addition to `default`. Can be called several times.
    pub fn namespace(mut self, name: impl Into<String>) -> Self {
        self.namespaces.push(name.into());
        self
    }

    /// Registers a search attribute in `default` and in each [`Self::namespace`]: its name, and the
    /// type as the CLI names it, which is one of `Text`, `Keyword`, `Int`, `Double`, `Bool`, `Datetime`
    /// and `KeywordList`. One that a database has with this type stays as it is. Can be called
    /// several times.
    ///
    /// ```
    /// # use durably_server::Server;
    /// # async fn start() -> Result<(), durably_server::StartError> {
    /// let server = Server::builder().search_attribute("CustomerId", "Keyword").start().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn search_attribute(
        mut self,
        name: impl Into<String>,
        value_type: impl Into<String>,
    ) -> Self {
        let attribute = (name.into(), value_type.into());
        self.search_attributes.push(attribute);
        self
    }

    /// Sets how long closed workflows of the namespaces that the server registers at its start are
    /// kept; those registered by clients have their own. Default: what the database says, and a day
    /// for a new namespace. A server with a skipping clock keeps closed workflows for ever.
    ///
    /// # Example: closed workflows of a month
    /// ```
    /// # use std::time::Duration;
    /// # use durably_server::Server;
    /// # async fn start() -> Result<(), durably_server::StartError> {
    /// let month = Duration::from_secs(30 * 24 * 3600);
    /// let server = Server::builder().retention(month).start().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = Some(retention);
        self
    }

    /// Sets the clock of timers and timeouts. Default: [`Clock::system`].
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Lets the fairness keys of a priority take turns in a task queue, each as often as its weight says. Default: the
    /// tasks of a priority leave in the order in which they came, as on a real server without
    /// `matching.enableFairness`.
    ///
    /// ```
    /// # use durably_server::Server;
    /// # async fn start() -> Result<(), durably_server::StartError> {
    /// let server = Server::builder().fairness().start().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn fairness(mut self) -> Self {
        self.order = DispatchOrder::Fair;
        self
    }

    /// Sets whether the server listens on a port. Default: true. Without a port only
    /// [`Server::service`] reaches the server.
    pub fn grpc(mut self, listen: bool) -> Self {
        self.grpc = listen;
        self
    }

    /// Sets the seed of ids and retry jitter: with the same seed, the same requests in the same
    /// order get the same ids. Default: a random seed. A server with a database ignores it, because
    /// its ids must not be those of an earlier start.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Requires the header `authorization: Bearer <key>` of every request over gRPC, health checks and
    /// reflection included; a request with another key, or without one, is answered with
    /// `UNAUTHENTICATED`. Default: no key. Calls in process need none.
    ///
    /// # Example
    /// ```
    /// # async fn start(key: String) -> Result<(), durably_server::StartError> {
    /// use durably_server::Server;
    ///
    /// let server = Server::builder().api_key(key).start().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(Secret(key.into()));
        self
    }

    /// Serves the port over TLS, with the certificate in this PEM file, which its chain may follow, and
    /// the private key in the other one. Both are read once, at the start. Default: no TLS.
    ///
    /// # Example: a server that clients with a certificate of our authority reach
    /// ```no_run
    /// # async fn start() -> Result<(), durably_server::StartError> {
    /// use durably_server::Server;
    ///
    /// let server = Server::builder()
    ///     .listen(([0, 0, 0, 0], 7233).into())
    ///     .tls("server.pem", "server.key")
    ///     .client_ca("ca.pem")
    ///     .start()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    pub fn tls(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.tls.identity = Some((certificate.into(), key.into()));
        self
    }

    /// Requires a certificate of each client (mTLS), issued by an authority in this PEM file. Default:
    /// clients need none. The server does not start with it if [`Self::tls`] is not set.
    #[cfg(feature = "tls")]
    pub fn client_ca(mut self, authorities: impl Into<PathBuf>) -> Self {
        self.tls.client_ca = Some(authorities.into());
        self
    }

    /// Keeps everything in an SQLite file, which is created if there is none. A server that starts
    /// on it goes on where the last one stopped, also if that one was killed. Without a database a
    /// server keeps everything in memory and forgets it when it stops.
    ///
    /// A request is answered when what it changed is on the disk: after `fsync` (on macOS
    /// `F_FULLFSYNC`) of SQLite's log, which lies next to the file. It then survives a crash of the
    /// process or of the machine, as far as the drive keeps what it has acknowledged. Requests that
    /// cannot be written, because the disk is full, fail, and the server goes on.
    ///
    /// The server runs on the machine's clock: a [`Self::clock`] that skips is refused.
    ///
    /// One server at a time uses a file; while it runs it holds a lock on a file of the same name
    /// with `.lock` at its end.
    ///
    /// # Example: a workflow server for one machine
    /// ```no_run
    /// # async fn start() -> Result<(), durably_server::StartError> {
    /// use durably_server::Server;
    ///
    /// let server = Server::builder().database("app.db").port(7233).start().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "sqlite")]
    pub fn database(mut self, path: impl Into<PathBuf>) -> Self {
        self.database = Some(path.into());
        self
    }

    pub(crate) fn has_database(&self) -> bool {
        #[cfg(feature = "sqlite")]
        let has = self.database.is_some();
        #[cfg(not(feature = "sqlite"))]
        let has = false;
        has
    }

    /// Starts the server.
    ///
    /// # Errors
    /// [`StartError`] if the address cannot be listened on, a namespace is registered twice, or the
    /// database or a certificate is of no use.
    pub async fn start(self) -> Result<Server, StartError> {
        Server::launch(self).await
    }
}

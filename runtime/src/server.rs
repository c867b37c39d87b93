//! The embedded server: a Temporal server in this process.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use durably_server::Clock;
pub use durably_server::ServerFailed;

use crate::{
    client::Client,
    data::{
        Text,
        search::{SearchKey, SearchKind},
    },
    error::{AdvanceError, ConnectError},
    time::Time,
    transport::in_process::Services,
};

/// An embedded Temporal server: for tests, for trying things out, and for programs that need no
/// cluster yet. It keeps its data in memory, or in an SQLite file (`ServerBuilder::database`, feature
/// `sqlite`).
///
/// Our own [`client`](Self::client) calls it in process; every other Temporal client, the CLI and
/// workers in other languages reach it by gRPC at [`address`](Self::address). It stops when it is
/// dropped.
///
/// ```
/// # use durably::prelude::*;
/// # #[tokio::main]
/// # async fn main() -> Result<()> {
/// let server = durably::Server::start().await?;
/// let client = server.client().await?;
/// assert_eq!(client.count("").await?, 0);
/// server.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub struct Server(durably_server::Server);

fn services(server: &durably_server::Server) -> Services {
    Services {
        workflow: server.service(),
        operator: Some(server.operator_service()),
    }
}

/// The options of a server that is about to start; made by [`Server::builder`].
///
/// ```
/// # use durably::prelude::*;
/// # async fn example() -> Result<()> {
/// let server = durably::Server::builder()
///     .namespace("shop")
///     .skip_time()
///     .start()
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// ```no_run
/// # async fn example() -> durably::Result<()> {
/// let server = durably::Server::builder()
///     .listen(([0, 0, 0, 0], 7233).into())
///     .seed(7)
///     .start()
///     .await?;
/// println!("listening on {:?}", server.address());
/// let shop = server.client_of("default").await?;
///
/// // On another port of loopback, or on none.
/// let other = durably::Server::builder().port(7234).start().await?;
/// let silent = durably::Server::builder().in_process_only().start().await?;
/// assert_eq!(silent.address(), None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a server starts with `.start().await`"]
pub struct ServerBuilder(durably_server::ServerBuilder);

impl Server {
    /// Starts a server on any free port of loopback, with the namespace `default`.
    ///
    /// # Errors
    /// No port is free to listen on.
    pub async fn start() -> Result<Self, ConnectError> {
        Self::builder().start().await
    }

    /// The options of a server.
    pub fn builder() -> ServerBuilder {
        ServerBuilder(durably_server::Server::builder())
    }

    /// Where the server listens; `None` if it does not.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> durably::Result<()> {
    /// let server = durably::Server::builder().namespace("shop").start().await?;
    /// println!("temporal workflow list --address {}", server.address().expect("it listens"));
    /// let shop = server.client_of("shop").await?;
    /// assert_eq!(shop.namespace(), "shop");
    /// # Ok(())
    /// # }
    /// ```
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.address()
    }

    /// The address as a URL for clients, such as `http://127.0.0.1:7233`, or with `https://` if the server
    /// speaks TLS; `None` if it does not listen.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> durably::Result<()> {
    /// let server = durably::Server::start().await?;
    /// let client = durably::Client::connect(server.url().expect("it listens")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn url(&self) -> Option<String> {
        self.0.url()
    }

    /// Waits until the server has stopped by itself, which it does when its database can write no more, and
    /// returns the reason. Nothing that it has acknowledged is lost; another server can open the database.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> durably::Result<()> {
    /// let server = durably::Server::start().await?;
    /// tokio::select! {
    ///     reason = server.failed() => eprintln!("{reason}"),
    ///     () = std::future::ready(()) => println!("another reason to stop"),
    /// }
    /// server.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn failed(&self) -> ServerFailed {
        self.0.failed().await
    }

    /// A client that calls the server in process, bound to namespace `default`.
    ///
    /// It does not keep the server running: after the server is gone its calls fail as those of a
    /// remote client do.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn client(&self) -> impl Future<Output = Result<Client, ConnectError>> + Send + use<> {
        self.client_of("default")
    }

    /// A client that calls the server in process, bound to another namespace.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn client_of<T: Text>(
        &self,
        namespace: T,
    ) -> impl Future<Output = Result<Client, ConnectError>> + Send + use<T> {
        let client = Client::in_process(services(&self.0), namespace.into_text(), None);
        let skips_time = self.0.skips_time();
        async move { Ok(client.await?.ending_with_failing_tasks(skips_time)) }
    }

    /// The server's time: the machine's, unless the server [skips time](ServerBuilder::skip_time).
    pub fn now(&self) -> Time {
        self.0.now().into()
    }

    /// Moves the clock of a server that [skips time](ServerBuilder::skip_time), by exactly this
    /// much.
    ///
    /// Timers fire one after another on the way, each when what the one before it led to is done,
    /// and this returns when everything that was due is done. Work to which nothing happens for
    /// five seconds of the machine's time does not hold the clock any longer, so that the timeouts
    /// of an activity that hangs can be tested.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let server = durably::Server::builder().skip_time().start().await?;
    /// let before = server.now();
    /// server.advance(days(8)).await?;
    /// assert_eq!(server.now() - before, days(8));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The server does not skip time, the clock would pass the year 2261, or the server stopped.
    ///
    /// # Cancellation
    /// Dropped, it leaves the clock where it is.
    pub async fn advance(&self, by: Duration) -> Result<(), AdvanceError> {
        self.0.advance(by).await.map_err(AdvanceError::from)
    }

    /// Keeps the clock of a server that [skips time](ServerBuilder::skip_time) still while the
    /// guard lives, also while results are awaited; [`advance`](Self::advance) still moves it.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # use std::time::Duration;
    /// # #[activity(start_to_close = "10s")]
    /// # async fn remind() {}
    /// #[derive(Default)]
    /// struct Reminder;
    ///
    /// #[workflow]
    /// impl Reminder {
    ///     #[run]
    ///     async fn run(&mut self, ctx: &Ctx) -> Result<()> {
    ///         ctx.sleep(days(1)).await?;
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let server = durably::Server::builder().skip_time().start().await?;
    /// let client = server.client().await?;
    /// let worker = Worker::new(&client, "reminders").workflow::<Reminder>().spawn().await?;
    /// let reminder = Reminder::start(&client).task_queue("reminders").await?;
    ///
    /// let clock = server.hold_clock();
    /// let early = tokio::time::timeout(Duration::from_millis(50), reminder.result()).await;
    /// assert!(early.is_err(), "a day has not passed");
    /// drop(clock);
    /// reminder.result().await?;
    /// # worker.shutdown().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// On a server that does not skip time it has no effect.
    pub fn hold_clock(&self) -> ClockHold {
        ClockHold {
            _hold: self.0.hold_clock(),
        }
    }

    /// Stops the server: waiting requests are aborted, new ones refused, the port is released.
    pub async fn shutdown(self) {
        self.0.shutdown().await;
    }

    /// A client that keeps the server running, as does all that is made with it.
    async fn into_client(self) -> Result<Client, ConnectError> {
        let services = services(&self.0);
        Client::in_process(services, "default".to_owned(), Some(Arc::new(self.0))).await
    }
}

impl ServerBuilder {
    /// The port on loopback; 0, the default, takes any free one.
    pub fn port(self, port: u16) -> Self {
        Self(self.0.port(port))
    }

    /// The address to listen on, instead of a port on loopback. Whoever reaches the address can do everything,
    /// unless the server requires an [API key](Self::api_key) or certificates (`client_ca`, feature `tls`).
    pub fn listen(self, address: SocketAddr) -> Self {
        Self(self.0.listen(address))
    }

    /// Requires this API key of every request over gRPC, as the header `authorization: Bearer <key>`; a request
    /// with another key or without one is answered with `UNAUTHENTICATED`. Clients in this process need none.
    /// The key does not show in `Debug`. Over a connection without TLS others can read it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> durably::Result<()> {
    /// let server = durably::Server::builder().api_key("secret").start().await?;
    /// let url = server.url().expect("it listens");
    /// assert!(durably::Client::connect(url).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn api_key(self, key: impl Text) -> Self {
        Self(self.0.api_key(key.into_text()))
    }

    /// Serves the port over TLS, with the certificate in this PEM file, which its chain may follow, and the
    /// private key in the other one. Both are read once, at the start.
    ///
    /// ```no_run
    /// # async fn example() -> durably::Result<()> {
    /// let server = durably::Server::builder()
    ///     .listen(([0, 0, 0, 0], 7233).into())
    ///     .tls("server.pem", "server.key")
    ///     .client_ca("ca.pem")
    ///     .start()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    pub fn tls(
        self,
        certificate: impl Into<std::path::PathBuf>,
        key: impl Into<std::path::PathBuf>,
    ) -> Self {
        Self(self.0.tls(certificate, key))
    }

    /// Requires a certificate of each client (mTLS), issued by an authority in this PEM file; clients need none
    /// by default. The server does not start with it if [`Self::tls`] is not set.
    #[cfg(feature = "tls")]
    pub fn client_ca(self, authorities: impl Into<std::path::PathBuf>) -> Self {
        Self(self.0.client_ca(authorities))
    }

    /// Registers a namespace in addition to `default`; may be repeated.
    pub fn namespace(self, name: impl Text) -> Self {
        Self(self.0.namespace(name.into_text()))
    }

    /// Registers a search attribute in `default` and in each [`namespace`](Self::namespace), which an
    /// operator does on a cluster; may be repeated. One that a database has with this type stays as it is.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// use durably::search::{Keyword, SearchKey};
    ///
    /// const CUSTOMER: SearchKey<Keyword> = SearchKey::new("CustomerId");
    ///
    /// # async fn example() -> Result<()> {
    /// let server = durably::Server::builder().search_attribute(CUSTOMER).start().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn search_attribute<K: SearchKind>(self, key: SearchKey<K>) -> Self {
        Self(self.0.search_attribute(key.name(), K::NAME))
    }

    /// Keeps everything in an SQLite file, which is created if there is none: a server that starts on it goes
    /// on where the last one stopped, also if that one was killed. A request is answered when what it
    /// changed is on the disk. Without a database a server keeps everything in memory, and forgets it when
    /// it stops.
    ///
    /// One server at a time uses a file. A server with a database cannot [skip time](Self::skip_time), and
    /// ignores a [seed](Self::seed).
    ///
    /// ```no_run
    /// # async fn example() -> durably::Result<()> {
    /// let server = durably::Server::builder().database("app.db").start().await?;
    /// let client = server.client().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "sqlite")]
    pub fn database(self, path: impl Into<std::path::PathBuf>) -> Self {
        Self(self.0.database(path))
    }

    /// How long closed workflows are kept: those of the namespaces that are registered at the start, a day
    /// by default. A server that [skips time](Self::skip_time) keeps them for ever.
    ///
    /// ```
    /// # async fn example() -> durably::Result<()> {
    /// use durably::days;
    ///
    /// let server = durably::Server::builder().retention(days(30)).start().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn retention(self, retention: Duration) -> Self {
        Self(self.0.retention(retention))
    }

    /// The server's clock stands still, and skips while a test waits: a workflow that sleeps a
    /// month is tested in milliseconds.
    ///
    /// The clock moves
    /// - while a client of this process awaits the result of a workflow or of an update: to the
    ///   next timer, whenever no workflow task and no activity is pending or running;
    /// - by [`Server::advance`], by exactly the duration of its argument.
    ///
    /// It moves for nothing else: not for a query, a signal, or a sleep of the test.
    /// [`Server::hold_clock`] also stops it while a result is awaited. Work that takes longer than
    /// a second is timed by the machine, so that the timeouts of lost work fire. At the end of the
    /// year 2261 the server warns once and skips no further.
    ///
    /// A client of this process whose workflow's task fails a second time gets that failure instead of the result
    /// ([`ResultError::Stuck`](crate::error::ResultError::Stuck)), as no other code will come;
    /// [`Client::keep_waiting`] waits as clients do elsewhere.
    ///
    /// Clients of other SDKs move the clock through the TestService, as their test environments do.
    pub fn skip_time(self) -> Self {
        Self(self.0.clock(Clock::skipping()))
    }

    /// Lets the fairness keys of a [priority](crate::Priority) take turns in each task queue, as often as their weights
    /// say. Without it the tasks of a priority leave their queue in the order in which they came, as on a real server
    /// whose operator has not switched fairness on.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> durably::Result<()> {
    /// let server = durably::Server::builder().fairness().start().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn fairness(self) -> Self {
        Self(self.0.fairness())
    }

    /// Does not listen on any port: only clients in this process reach the server.
    pub fn in_process_only(self) -> Self {
        Self(self.0.grpc(false))
    }

    /// The seed of ids and retry jitter, random by default: with the same seed, the same requests in the
    /// same order get the same ids.
    pub fn seed(self, seed: u64) -> Self {
        Self(self.0.seed(seed))
    }

    /// Starts the server.
    ///
    /// # Errors
    /// The address cannot be listened on, a namespace is named twice, a search attribute is there with another
    /// type, the database cannot be opened, or the API key or a file of a certificate cannot be used.
    pub async fn start(self) -> Result<Server, ConnectError> {
        match self.0.start().await {
            Ok(server) => Ok(Server(server)),
            Err(error) => Err(ConnectError::Embedded {
                source: Box::new(error),
            }),
        }
    }
}

/// Keeps the clock of a server still until it is dropped; made by [`Server::hold_clock`].
///
/// ```
/// # use durably::prelude::*;
/// # #[tokio::main]
/// # async fn main() -> Result<()> {
/// let server = durably::Server::builder().skip_time().start().await?;
/// let clock: durably::server::ClockHold = server.hold_clock();
/// let before = server.now();
/// server.advance(mins(1)).await?;
/// assert_eq!(server.now() - before, mins(1));
/// drop(clock);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the clock is held until this is dropped"]
pub struct ClockHold {
    _hold: durably_server::ClockHold,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Server").field(&self.address()).finish()
    }
}

impl Client {
    /// A client for development: as [`Client::from_env`] if `TEMPORAL_ADDRESS` or `TEMPORAL_PROFILE` is set,
    /// otherwise of an embedded server that is started here, which the `temporal` CLI and other clients reach at
    /// the address that a `tracing` event of level INFO names. The server runs as long as something needs it: the
    /// client and its clones, handles, calls that are awaited, and workers.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # async fn example() -> Result<()> {
    /// let client = Client::development().await?;
    /// println!("{} workflows", client.count("").await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Client::from_env`]; the embedded server could not be started.
    pub async fn development() -> Result<Self, ConnectError> {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if is_set("TEMPORAL_ADDRESS") || is_set("TEMPORAL_PROFILE") {
            return Self::from_env().await;
        }
        let server = Server::start().await?;
        if let Some(address) = server.address() {
            tracing::info!(%address, "started an embedded server for development");
        }
        server.into_client().await
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        net::TcpStream,
        sync::mpsc::{UnboundedSender, unbounded_channel},
        task::yield_now,
    };

    use super::{Server, SocketAddr};
    use crate::prelude::*;

    struct Bell(UnboundedSender<()>);

    #[activities]
    impl Bell {
        #[activity(start_to_close = "10s")]
        async fn ring(&self) {
            self.0.send(()).ok();
        }
    }

    #[derive(Default)]
    struct Rings;

    #[workflow]
    impl Rings {
        #[run]
        async fn run(&mut self, ctx: &Ctx) -> Result<()> {
            Bell::stub(ctx).ring().await?;
            Ok(())
        }
    }

    /// A client of a development server, and where that server listens.
    async fn development() -> Result<(Client, SocketAddr)> {
        let server = Server::start().await?;
        let address = server.address().expect("it listens");
        Ok((server.into_client().await?, address))
    }

    /// Returns when nothing listens there any more.
    async fn stopped(address: SocketAddr) {
        while TcpStream::connect(address).await.is_ok() {
            yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_worker_keeps_the_development_server_it_polls() -> Result<()> {
        let (client, address) = development().await?;
        let (bell, mut rung) = unbounded_channel();
        let worker = Worker::new(&client, "queue").workflow::<Rings>();
        let worker = worker.activities(Bell(bell));
        Rings::start(&client).task_queue("queue").await?;
        drop(client);
        let worker = worker.spawn().await?;
        let rung = tokio::time::timeout(secs(20), rung.recv()).await;
        rung?.expect("the worker runs the workflow");
        worker.shutdown().await?;
        stopped(address).await;
        Ok(())
    }

    #[tokio::test]
    async fn handles_and_calls_keep_the_development_server() -> Result<()> {
        let (client, address) = development().await?;
        let untyped = client.handle("ring-1");
        let start = Rings::start(&client).id("ring-1").task_queue("queue");
        let raw = client.raw();
        let mut list = client.list("");
        let count = client.count("");
        drop(client);
        assert_eq!(count.await?, 0);
        assert!(list.next().await?.is_none());
        drop(list);
        let handle = start.await?;
        assert_eq!(handle.describe().await?.workflow_id, "ring-1");
        let result = tokio::spawn(handle.result());
        drop(handle);
        let described = untyped.describe();
        drop(untyped);
        described.await?;
        raw.get_system_info(Default::default(), secs(10)).await?;
        TcpStream::connect(address).await.expect("it listens");
        drop(raw);
        TcpStream::connect(address)
            .await
            .expect("somebody awaits the result");
        result.abort();
        stopped(address).await;
        Ok(())
    }
}

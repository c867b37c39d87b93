//! The server's handle: starts its parts and stops them.

pub(crate) mod builder;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use durably_proto::service::operator::operator_service_server::OperatorService;
use durably_proto::service::workflow::workflow_service_server::WorkflowService;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tonic::Status;

use crate::backend::Backend;
use crate::backend::advance::AdvanceError;
use crate::backend::disk::DiskThreads;
use crate::backend::outage::Outage;
use crate::backend::sweep;
use crate::backend::timers::{self, Timers};
use crate::batch::Batches;
use crate::batch_runner;
#[cfg(feature = "sqlite")]
use crate::clock::Clock;
use crate::clock::{ClockHold, Timekeeper};
#[cfg(feature = "sqlite")]
use crate::error::DatabaseProblem;
use crate::error::{Error, ServerFailed, StartError, StoreError};
use crate::execution::executions::Executions;
use crate::grpc::access::{Access, ApiKey};
use crate::grpc::{self, Frontend};
use crate::ids::Ids;
use crate::namespace::Namespaces;
use crate::outbox;
use crate::schedule::Schedules;
use crate::server::builder::ServerBuilder;
use crate::store::memory::MemoryStore;
#[cfg(feature = "sqlite")]
use crate::store::sqlite::SqliteStore;
use crate::store::{Settings, Store};
use crate::visibility::attributes::{self, Attributes};

/// A running server. Dropping it stops it in the background; [`Server::shutdown`] also waits until
/// it has stopped.
///
/// ```
/// use std::time::Duration;
///
/// use durably_server::{Clock, Server};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder().clock(Clock::skipping()).start().await?;
/// println!("{} {:?}", server.url().expect("it listens"), server.address());
///
/// // In process, without the socket.
/// let request = tonic::Request::new(Default::default());
/// let info = server.service().get_system_info(request).await?.into_inner();
/// println!("{}", info.server_version);
///
/// // Eight days pass at once.
/// let before = server.now();
/// let clock = server.hold_clock();
/// server.advance(Duration::from_secs(8 * 86_400)).await?;
/// assert_eq!(server.now().duration_since(before)?, Duration::from_secs(8 * 86_400));
/// drop(clock);
///
/// server.shutdown().await;
///
/// // On the machine's clock.
/// let server = Server::start().await?;
/// # Ok(())
/// # }
/// ```
pub struct Server {
    backend: Arc<Backend>,
    frontend: Frontend,
    address: Option<SocketAddr>,
    scheme: &'static str,
    tasks: JoinSet<()>,
}

impl Server {
    /// Starts an in-memory server with the namespace `default` on a free port of loopback and the
    /// machine's clock.
    ///
    /// # Errors
    /// [`StartError::Listen`] if no port of loopback can be listened on.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Configures a server before it starts.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::new()
    }

    /// The address that the server listens on; `None` without [`ServerBuilder::grpc`].
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The address as a URL for clients, such as `http://127.0.0.1:7233`, or with `https://` if the server
    /// speaks TLS; `None` if it does not listen.
    pub fn url(&self) -> Option<String> {
        let scheme = self.scheme;
        self.address.map(|address| format!("{scheme}://{address}"))
    }

    /// The server's `WorkflowService`, for calls in process: the same service that the port serves.
    pub fn service(&self) -> Arc<dyn WorkflowService> {
        Arc::new(self.frontend.clone())
    }

    /// The server's `OperatorService`, for calls in process: registers search attributes without a
    /// port.
    ///
    /// ```
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use durably_proto::api::operatorservice::v1::AddSearchAttributesRequest;
    /// use durably_server::Server;
    ///
    /// let server = Server::builder().grpc(false).start().await?;
    /// let request = AddSearchAttributesRequest {
    ///     namespace: "default".to_owned(),
    ///     // `Keyword`.
    ///     search_attributes: [("City".to_owned(), 2)].into(),
    ///     ..Default::default()
    /// };
    /// let operator = server.operator_service();
    /// operator.add_search_attributes(tonic::Request::new(request)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn operator_service(&self) -> Arc<dyn OperatorService> {
        Arc::new(self.frontend.clone())
    }

    /// The server's time: the machine's, unless its [`Clock`](crate::Clock) skips.
    pub fn now(&self) -> SystemTime {
        let since = self
            .backend
            .clock
            .now()
            .since(durably_history::Time::default());
        SystemTime::UNIX_EPOCH + since
    }

    /// Returns whether the server's [`Clock`](crate::Clock) skips time.
    ///
    /// ```
    /// use durably_server::{Clock, Server};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = Server::builder().clock(Clock::skipping()).start().await?;
    /// assert!(server.skips_time());
    /// # Ok(())
    /// # }
    /// ```
    pub fn skips_time(&self) -> bool {
        self.backend.clock.skips()
    }

    /// Advances a skipping clock by `by`. Timers fire in order, each after the work that the one
    /// before it caused has ended, and the clock stops exactly at the target. Work that makes no
    /// progress for five seconds of the machine's time is not waited for any longer, so that the
    /// timeout of an activity that hangs can be tested.
    ///
    /// # Errors
    /// [`AdvanceError`]: the clock does not skip, the target is too far in the future, or the
    /// server stopped.
    pub async fn advance(&self, by: Duration) -> Result<(), AdvanceError> {
        self.backend.advance(by).await
    }

    /// Holds a skipping clock still until the guard is dropped, whatever requests wait; meanwhile
    /// only [`Self::advance`] moves it. No effect on a clock that does not skip.
    pub fn hold_clock(&self) -> ClockHold {
        ClockHold::new(&self.backend.clock)
    }

    /// Stops the server: aborts waiting requests, refuses new ones and closes the port. Waits up to
    /// a second for clients to close their connections.
    pub async fn shutdown(mut self) {
        self.stop();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        // A client may keep its connection open; the port is closed all the same.
        let _ = tokio::time::timeout(GRACE, ended).await;
        self.tasks.shutdown().await;
        // Whoever still holds the service keeps the store, but nobody may use it any more.
        let closed = self.backend.close_store().await;
        closed.unwrap_or_else(|error| tracing::error!(?error, "closing the store failed"));
    }

    /// Waits until the server has stopped by itself, which it does when its database can write no more, and
    /// returns the reason. Nothing that it has acknowledged is lost; another server can open the database.
    ///
    /// ```
    /// use durably_server::Server;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = Server::start().await?;
    /// tokio::select! {
    ///     reason = server.failed() => eprintln!("{reason}"),
    ///     () = std::future::ready(()) => println!("another reason to stop"),
    /// }
    /// server.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn failed(&self) -> ServerFailed {
        let mut broken = self.backend.store.is_broken();
        if broken.wait_for(|broken| *broken).await.is_err() {
            // This store never is.
            std::future::pending::<()>().await;
        }
        ServerFailed(StoreError::Broken.to_string())
    }

    pub(crate) async fn launch(config: ServerBuilder) -> Result<Self, StartError> {
        let ids = match config.seed {
            Some(seed) if !config.has_database() => Ids::seeded(seed),
            // What an earlier server has stored must not meet the same ids again.
            Some(_) | None => Ids::random(),
        };
        let store = open_store(&config, &ids)?;
        Self::launch_on(store, ids, config).await
    }

    /// Starts a server that goes on with what the store has.
    pub(crate) async fn launch_on(
        store: Arc<dyn Store>,
        ids: Ids,
        config: ServerBuilder,
    ) -> Result<Self, StartError> {
        #[cfg(feature = "tls")]
        let tls = grpc::access::tls(&config.tls)?;
        #[cfg(feature = "tls")]
        let scheme = if tls.is_some() { "https" } else { "http" };
        #[cfg(not(feature = "tls"))]
        let scheme = "http";
        let key = config.api_key.map(ApiKey::new).transpose()?;
        let clock = Timekeeper::new(config.clock);
        let (outbox, messages) = mpsc::unbounded_channel();
        let (running_batches, batches) = mpsc::unbounded_channel();
        let backend = Arc::new_cyclic(|own| Backend {
            namespaces: Namespaces::with_order(config.order),
            executions: Executions::new(Arc::clone(&store)),
            schedules: Schedules::default(),
            batches: Batches::default(),
            running_batches,
            store,
            timers: Timers::new(clock.wake()),
            outbox,
            clock,
            ids,
            disk_threads: DiskThreads::default(),
            outage: Outage::default(),
            stop: watch::Sender::new(false),
            runtime: tokio::runtime::Handle::current(),
            own: Weak::clone(own),
        });
        let names = open_namespaces(&backend, config.namespaces, config.retention)?;
        register_attributes(&backend, &names, &config.search_attributes)?;
        backend.recover_all().map_err(StartError::store)?;
        backend.recover_deleted_namespaces();
        backend.recover_batches().map_err(StartError::store)?;
        let frontend = Frontend::new(Arc::clone(&backend));
        let mut tasks = JoinSet::new();
        let address = match config.grpc {
            false => None,
            true => {
                let failed = |source| StartError::Listen {
                    address: config.address,
                    source,
                };
                let port = tonic::transport::Server::builder()
                    .http2_keepalive_interval(Some(KEEP_ALIVE))
                    .http2_keepalive_timeout(Some(KEEP_ALIVE_TIMEOUT));
                #[cfg(feature = "tls")]
                let port = match tls {
                    Some(tls) => port.tls_config(tls).map_err(|error| StartError::Tls {
                        problem: error.to_string(),
                    })?,
                    None => port,
                };
                let listener = TcpListener::bind(config.address).await.map_err(failed)?;
                let address = listener.local_addr().map_err(failed)?;
                let stop = backend.stop.subscribe();
                let port = grpc::Port {
                    listener,
                    server: port,
                    access: Access(key),
                };
                tasks.spawn(grpc::serve(frontend.clone(), port, stop));
                Some(address)
            }
        };
        tasks.spawn(timers::run(Arc::clone(&backend), backend.stop.subscribe()));
        let stop = backend.stop.subscribe();
        tasks.spawn(outbox::run(Arc::clone(&backend), messages, stop));
        let stop = backend.stop.subscribe();
        tasks.spawn(batch_runner::run(Arc::clone(&backend), batches, stop));
        tasks.spawn(Arc::clone(&backend).stop_when_broken());
        tasks.spawn(sweep::run(Arc::clone(&backend), backend.stop.subscribe()));
        Ok(Self {
            backend,
            frontend,
            address,
            scheme,
            tasks,
        })
    }

    fn stop(&self) {
        self.backend.stop();
    }
}

#[cfg(feature = "sqlite")]
fn open_store(config: &ServerBuilder, ids: &Ids) -> Result<Arc<dyn Store>, StartError> {
    let Some(path) = &config.database else {
        return Ok(Arc::new(MemoryStore::new(ids.uuid())));
    };
    let opened = match config.clock == Clock::system() {
        true => SqliteStore::open(path, &ids.uuid()),
        false => Err(DatabaseProblem::SkippingClock),
    };
    match opened {
        Ok(store) => Ok(Arc::new(store)),
        Err(problem) => Err(StartError::Database {
            path: path.clone(),
            problem,
        }),
    }
}

#[cfg(not(feature = "sqlite"))]
fn open_store(_: &ServerBuilder, ids: &Ids) -> Result<Arc<dyn Store>, StartError> {
    Ok(Arc::new(MemoryStore::new(ids.uuid())))
}

/// Opens the namespaces of the store, and adds those of the configuration that it does not have; returns the names of
/// the latter and of those that it has.
fn open_namespaces(
    backend: &Backend,
    configured: Vec<String>,
    retention: Option<Duration>,
) -> Result<Vec<String>, StartError> {
    let (store, namespaces) = (&*backend.store, &backend.namespaces);
    let mut names = vec![DEFAULT_NAMESPACE.to_owned()];
    for name in configured {
        match names.contains(&name) {
            true if name == DEFAULT_NAMESPACE => {}
            true => return Err(StartError::NamespaceTwice(name)),
            false => names.push(name),
        }
    }
    let mut deployments = BTreeMap::<_, Vec<_>>::new();
    for stored in store.deployments().map_err(StartError::store)? {
        let of_namespace = deployments.entry(stored.namespace).or_default();
        of_namespace.push(stored.deployment);
    }
    let mut queue_configs = BTreeMap::<_, Vec<_>>::new();
    for stored in store.queue_configs().map_err(StartError::store)? {
        let of_namespace = queue_configs.entry(stored.namespace).or_default();
        of_namespace.push((stored.key, stored.config));
    }
    for mut stored in store.namespaces().map_err(StartError::store)? {
        if let Some(retention) = retention
            && stored.settings.retention != retention
            && names.iter().any(|name| **name == *stored.name)
        {
            stored.settings.retention = retention;
            store.put_namespace(&stored).map_err(StartError::store)?;
        }
        let deployments = deployments.remove(&stored.name).unwrap_or_default();
        let queue_configs = queue_configs.remove(&stored.name).unwrap_or_default();
        namespaces.add_stored(stored, deployments, queue_configs);
    }
    for name in &names {
        let mut settings = Settings::default();
        settings.retention = retention.unwrap_or(settings.retention);
        let registered = namespaces.register(store, name, backend.ids.uuid(), settings);
        match registered {
            Ok(()) => {}
            // The store has it.
            Err(Error::NamespaceExists(_)) if namespaces.find(name).is_ok() => {}
            Err(Error::Store(error)) => return Err(StartError::store(error)),
            Err(error) => {
                return Err(StartError::Namespace {
                    name: name.clone(),
                    problem: Status::from(error).message().to_owned(),
                });
            }
        }
    }
    Ok(names)
}

/// Registers the search attributes of the configuration in these namespaces.
fn register_attributes(
    backend: &Backend,
    namespaces: &[String],
    configured: &[(String, String)],
) -> Result<(), StartError> {
    for (name, type_name) in configured {
        let refused = |problem: String| StartError::SearchAttribute {
            name: name.clone(),
            problem,
        };
        if name.is_empty() {
            return Err(refused("its name is empty".to_owned()));
        }
        let Some(value_type) = attributes::type_named(type_name) else {
            let known: Vec<&str> = attributes::TYPES.iter().map(|(name, _)| *name).collect();
            return Err(refused(format!(
                "there is no type `{type_name}`; the types are {}",
                known.join(", ")
            )));
        };
        for namespace in namespaces {
            let add = |attributes: &mut Attributes| {
                // Rejects a configured type that differs from the stored one.
                match attributes.custom_type(name) {
                    // Also if its name has become reserved since it was stored.
                    Some(same) if same == value_type => Ok(()),
                    Some(_) => {
                        let problem = "it already exists with another type".to_owned();
                        Err(Error::Invalid(problem))
                    }
                    None => attributes
                        .register(name, value_type)
                        .map_err(Error::Invalid),
                }
            };
            let namespace = backend.namespaces.find(namespace);
            let added = namespace.and_then(|it| it.change_attributes(&*backend.store, add));
            added.map_err(|error| match error {
                Error::Store(error) => StartError::store(error),
                error => refused(Status::from(error).message().to_owned()),
            })?;
        }
    }
    Ok(())
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// The namespace that clients use by default.
const DEFAULT_NAMESPACE: &str = "default";
/// How often connections are probed, and how long the answer may take: those of clients that are gone, and whose
/// machines have not said so, end.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a stopping server waits for clients to close their connections.
const GRACE: Duration = Duration::from_secs(1);

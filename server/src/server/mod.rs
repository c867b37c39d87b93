//! The server's handle: starts its parts and stops them.

pub(crate) mod builder;

use std::fmt;
use std::iter;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use durably_proto::service::workflow::workflow_service_server::WorkflowService;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::backend::Backend;
use crate::backend::advance::AdvanceError;
use crate::backend::timers::{self, Timers};
use crate::clock::{ClockHold, Timekeeper};
use crate::error::StartError;
use crate::grpc::{self, Frontend};
use crate::ids::Ids;
use crate::namespace::{Namespaces, Settings};
use crate::server::builder::ServerBuilder;
use crate::store::memory::MemoryStore;

/// A running server. Dropping it stops it in the background; [`Server::shutdown`] also waits until
/// it has stopped.
pub struct Server {
    backend: Arc<Backend>,
    frontend: Frontend,
    address: Option<SocketAddr>,
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

    /// The address as a URL for clients, such as `http://127.0.0.1:7233`; `None` if the server does
    /// not listen.
    pub fn url(&self) -> Option<String> {
        self.address.map(|address| format!("http://{address}"))
    }

    /// The server's `WorkflowService`, for calls in process: the same service that the port serves.
    pub fn service(&self) -> Arc<dyn WorkflowService> {
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
    }

    pub(crate) async fn launch(config: ServerBuilder) -> Result<Self, StartError> {
        let ids = config.seed.map_or_else(Ids::random, Ids::seeded);
        let namespaces = Namespaces::default();
        let named = config.namespaces.into_iter();
        let names = named.filter(|name| name != DEFAULT_NAMESPACE);
        for name in iter::once(DEFAULT_NAMESPACE.to_owned()).chain(names) {
            namespaces
                .register(&name, ids.uuid(), Settings::default())
                .map_err(|_| StartError::NamespaceTwice(name))?;
        }
        let clock = Timekeeper::new(config.clock);
        let backend = Arc::new(Backend {
            namespaces,
            store: Box::new(MemoryStore::default()),
            timers: Timers::new(clock.wake()),
            clock,
            cluster_id: ids.uuid(),
            ids,
            stop: watch::Sender::new(false),
        });
        let frontend = Frontend::new(Arc::clone(&backend));
        let mut tasks = JoinSet::new();
        let address = match config.grpc {
            false => None,
            true => {
                let failed = |source| StartError::Listen {
                    address: config.address,
                    source,
                };
                let listener = TcpListener::bind(config.address).await.map_err(failed)?;
                let address = listener.local_addr().map_err(failed)?;
                let stop = backend.stop.subscribe();
                tasks.spawn(grpc::serve(frontend.clone(), listener, stop));
                Some(address)
            }
        };
        tasks.spawn(timers::run(Arc::clone(&backend), backend.stop.subscribe()));
        Ok(Self {
            backend,
            frontend,
            address,
            tasks,
        })
    }

    fn stop(&self) {
        self.backend.stop();
    }
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
/// How long a stopping server waits for clients to close their connections.
const GRACE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use durably_proto::api::common::v1::WorkflowType;
    use durably_proto::api::taskqueue::v1::TaskQueue;
    use durably_proto::api::workflowservice::v1::StartWorkflowExecutionRequest;

    use super::*;

    #[tokio::test]
    async fn a_stopped_server_drops_tasks_without_a_poll() {
        let server = Server::start().await.unwrap();
        let namespace = Arc::downgrade(&server.backend.namespaces.find("default").unwrap());
        let start = StartWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            workflow_id: "id".to_owned(),
            workflow_type: Some(WorkflowType {
                name: "Greeting".to_owned(),
            }),
            task_queue: Some(TaskQueue {
                name: "greetings".to_owned(),
                ..TaskQueue::default()
            }),
            request_id: "request".to_owned(),
            ..StartWorkflowExecutionRequest::default()
        };
        let request = tonic::Request::new(start);
        let started = server.service().start_workflow_execution(request).await;
        assert!(started.unwrap().into_inner().started);
        server.shutdown().await;
        assert!(namespace.upgrade().is_none());
    }
}

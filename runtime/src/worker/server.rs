//! The connection of one worker to its server.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use tokio::{runtime::Handle, task::JoinHandle};

use super::{error::WorkerError, identity::Identity, timers::Timers};
use crate::{
    telemetry::metrics::WorkerMetrics,
    transport::{availability::Availability, caller::Caller, retry::Patience},
    wire::{
        namespace::{Capabilities, DescribeNamespace},
        status::{CallError, Kind},
    },
};

/// The connection of one worker to its server, with what each request and retry needs.
pub(crate) struct Server {
    pub(crate) caller: Caller,
    pub(crate) identity: Identity,
    pub(crate) timers: Timers,
    pub(crate) metrics: WorkerMetrics,
    /// The runtime of the connection. RPCs run there, because the runtime of the worker's caller may be
    /// blocked, and may end before all is reported.
    net: Handle,
    /// Set by the first poll that the server answers.
    has_accepted_poll: AtomicBool,
}

impl Server {
    pub(crate) fn new(client: &Caller, identity: Identity, timers: Timers) -> Self {
        let availability = Availability::new(&identity.task_queue, &identity.namespace);
        let caller = client.for_worker(
            &identity.identity,
            timers.handle().clone(),
            Arc::new(availability),
        );
        Self {
            net: caller.runtime(),
            has_accepted_poll: AtomicBool::new(false),
            metrics: WorkerMetrics::new(
                caller.measures(),
                &identity.namespace,
                &identity.task_queue,
            ),
            caller,
            identity,
            timers,
        }
    }

    pub(crate) fn record_accepted_poll(&self, what: &str, sent: Instant) {
        self.has_accepted_poll.store(true, Ordering::Relaxed);
        self.caller.note_accepted_poll(what, sent);
    }

    pub(crate) fn has_accepted_poll(&self) -> bool {
        self.has_accepted_poll.load(Ordering::Relaxed)
    }

    /// Runs a future next to the connection.
    pub(crate) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.net.spawn(future)
    }

    /// Retries until the server describes the namespace; returns what it does for workers.
    ///
    /// # Errors
    /// If it refuses to.
    pub(crate) async fn find_namespace(&self) -> Result<Capabilities, WorkerError> {
        let patience = Patience::until_reachable();
        match self.caller.call(DescribeNamespace, patience).await {
            Ok(namespace) => Ok(namespace),
            // A server may let a worker poll without letting it look at the namespace.
            Err(error) if matches!(error.kind(), Kind::Unimplemented | Kind::PermissionDenied) => {
                Ok(Capabilities::default())
            }
            Err(error) => Err(self.rejected(error)),
        }
    }

    /// The error of a worker whose polls the server rejects.
    pub(crate) fn rejected(&self, error: CallError) -> WorkerError {
        WorkerError::Refused {
            task_queue: self.identity.task_queue.clone(),
            namespace: self.identity.namespace.clone(),
            status: Box::new(error.into_status()),
        }
    }
}

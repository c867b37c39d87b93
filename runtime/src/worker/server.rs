//! The connection of one worker to its server.

use std::{
    future::Future,
    sync::atomic::{AtomicBool, Ordering},
};

use tokio::{runtime::Handle, task::JoinHandle};
use tonic::Status;

use super::{error::WorkerError, identity::Identity, timers::Timers};
use crate::{telemetry::log, transport::rpc::Rpc};

/// The connection of one worker to its server, with what each request and retry needs.
pub(crate) struct Server {
    pub(crate) rpc: Rpc,
    pub(crate) identity: Identity,
    pub(crate) timers: Timers,
    /// The runtime of the connection. RPCs run there, because the runtime of the worker's caller may be
    /// blocked, and may end before all is reported.
    net: Handle,
    /// Set while RPCs fail because the server is unreachable: only the first failure is logged.
    unreachable: AtomicBool,
}

impl Server {
    pub(crate) fn new(rpc: Rpc, identity: Identity, timers: Timers) -> Self {
        Self {
            net: rpc.runtime(),
            rpc,
            identity,
            timers,
            unreachable: AtomicBool::new(false),
        }
    }

    /// Runs a future next to the connection.
    pub(crate) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.net.spawn(future)
    }

    /// Logs that the server did not answer; once, until it answers again.
    pub(crate) fn log_unreachable(&self, what: &str, status: &Status) {
        if !self.unreachable.swap(true, Ordering::Relaxed) {
            log::warning!(
                task_queue = self.identity.task_queue,
                namespace = self.identity.namespace,
                code = ?status.code(),
                error = status.message(),
                "the server is away: {what} failed; trying again until it is back"
            );
        }
    }

    /// Logs that the server answers again, if it was unreachable.
    pub(crate) fn log_reachable(&self) {
        if self.unreachable.load(Ordering::Relaxed)
            && self.unreachable.swap(false, Ordering::Relaxed)
        {
            tracing::info!(task_queue = self.identity.task_queue, "the server is back");
        }
    }

    /// The error of a worker whose polls the server rejects.
    pub(crate) fn rejected(&self, status: Status) -> WorkerError {
        WorkerError::Refused {
            task_queue: self.identity.task_queue.clone(),
            namespace: self.identity.namespace.clone(),
            status: Box::new(status),
        }
    }
}

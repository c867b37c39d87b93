//! Connection to a server in this process: its service traits, without a socket and without encoding.

use std::{any::Any, sync::Arc, time::Duration};

use durably_proto::service::{
    operator::operator_service_server::OperatorService,
    workflow::workflow_service_server::WorkflowService,
};
use tonic::{Request, Status};

use super::{caller::Transport, deadline::LONGEST_TIMEOUT, rpc::Rpc};
use crate::wire::status::CallError;

/// The RPCs of a server, as traits.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) workflow: Arc<dyn WorkflowService>,
    /// None for a test's server, which has no operators.
    pub(crate) operator: Option<Arc<dyn OperatorService>>,
}

#[cfg(test)]
impl Services {
    pub(crate) fn of_tests(workflow: Arc<dyn WorkflowService>) -> Self {
        Self {
            workflow,
            operator: None,
        }
    }
}

/// A server in this process.
#[derive(Clone)]
pub(crate) struct InProcess {
    services: Services,
    /// The server behind it, for everything that calls it: clients, handles, calls and workers. None if
    /// the server has an owner of its own.
    _server: Option<Arc<dyn Any + Send + Sync>>,
}

impl InProcess {
    pub(crate) fn new(services: Services, server: Option<Arc<dyn Any + Send + Sync>>) -> Self {
        Self {
            services,
            _server: server,
        }
    }
}

impl Transport for InProcess {
    type Prepared<M: Rpc> = M;

    fn prepare<M: Rpc>(&self, message: M) -> M {
        message
    }

    /// Does what the network layer does for a remote call: no answer in time is an error.
    async fn send<M: Rpc>(&self, message: &M, timeout: Duration) -> Result<M::Reply, CallError> {
        let mut request = Request::new(message.clone());
        request.set_timeout(timeout.min(LONGEST_TIMEOUT));
        // What we await, a test awaits: meanwhile the clock of a skipping server may move.
        #[cfg(feature = "server")]
        request.extensions_mut().insert(durably_server::SkipsTime);
        let reply = M::serve(&self.services, request);
        match tokio::time::timeout(timeout, reply).await {
            Ok(reply) => Ok(reply?.into_inner()),
            Err(_) => {
                let message = format!("no answer within {timeout:?}");
                Err(Status::deadline_exceeded(message).into())
            }
        }
    }
}

//! gRPC frontend: converts requests into calls of the backend and results into responses. The same
//! [`Frontend`] serves the port and calls in process.

pub(crate) mod access;
mod activity_execution;
mod activity_operations;
mod activity_task;
pub(crate) mod batch;
mod callback;
mod check;
mod close_event;
mod deadline;
mod deployment;
mod deployment_changes;
mod health;
mod history_reader;
mod link;
mod message_size;
mod multi_operation;
mod namespace;
mod operator;
mod page;
mod query;
mod reset;
mod schedule;
mod service;
mod start;
pub(crate) mod status;
mod task_queue;
mod task_queue_config;
mod test_service;
mod time_skipping;
mod token;
mod unimplemented;
mod update;
mod visibility;
mod worker;
mod workflow;
mod workflow_options;
mod workflow_task;

use std::sync::Arc;

use durably_proto::FILE_DESCRIPTOR_SET;
use durably_proto::service::health::health_server::HealthServer;
use durably_proto::service::operator::operator_service_server::OperatorServiceServer;
use durably_proto::service::testing::test_service_server::TestServiceServer;
use durably_proto::service::workflow::workflow_service_server::WorkflowServiceServer;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::codec::CompressionEncoding;
use tonic::service::InterceptorLayer;
use tonic::transport::server::TcpIncoming;
use tonic::{Response, Status};

use self::access::Access;
use self::message_size::{MAX_MESSAGE_SIZE, SizeLimited};
use crate::backend::Backend;
use crate::backend::request::RequestScope;
use crate::clock::{SkipsTime, Timekeeper};
use crate::error::Error;

/// Implements the gRPC services, for the port and for calls in process.
#[derive(Clone, Debug)]
pub(crate) struct Frontend {
    pub(crate) backend: Arc<Backend>,
}

impl Frontend {
    pub(crate) fn new(backend: Arc<Backend>) -> Self {
        Self { backend }
    }

    /// The clock that may skip while the request waits, if the request carries [`SkipsTime`].
    fn skips<T>(&self, request: &tonic::Request<T>) -> Option<&Timekeeper> {
        let wanted = request.extensions().get::<SkipsTime>().is_some();
        (wanted && self.backend.clock.skips()).then_some(&self.backend.clock)
    }

    /// The scope of a request that reads or changes executions.
    fn scope(&self) -> RequestScope<'_> {
        RequestScope::new(&self.backend)
    }

    /// Answers a request with work that may wait for the disk.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Backend) -> Result<T, Error> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        into_response(self.unless_stopped(self.backend.on_disk(work)).await)
    }

    /// Awaits the future, or fails when the server stops.
    async fn unless_stopped<T>(
        &self,
        future: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.backend.check_running()?;
        tokio::select! {
            biased;
            answer = future => answer,
            () = self.backend.stopped() => Err(self.backend.why_stopped()),
        }
    }
}

/// A port to serve, over TLS if `server` says so.
pub(crate) struct Port {
    pub(crate) listener: TcpListener,
    pub(crate) server: tonic::transport::Server,
    pub(crate) access: Access,
}

/// Serves the port until the server stops.
pub(crate) async fn serve(frontend: Frontend, port: Port, mut stop: watch::Receiver<bool>) {
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
    };
    let mut server = port.server.layer(InterceptorLayer::new(port.access));
    let mut router = server
        .add_service(SizeLimited(
            WorkflowServiceServer::new(frontend.clone())
                .accept_compressed(CompressionEncoding::Gzip)
                .max_decoding_message_size(MAX_MESSAGE_SIZE),
        ))
        .add_service(SizeLimited(
            OperatorServiceServer::new(frontend.clone())
                .accept_compressed(CompressionEncoding::Gzip)
                .max_decoding_message_size(MAX_MESSAGE_SIZE),
        ))
        .add_service(
            TestServiceServer::new(frontend.clone()).accept_compressed(CompressionEncoding::Gzip),
        )
        .add_service(HealthServer::new(frontend).accept_compressed(CompressionEncoding::Gzip));
    // The descriptors are part of the build; if they were broken, the server would work without
    // reflection.
    match reflection().build_v1() {
        Ok(v1) => router = router.add_service(v1),
        Err(error) => tracing::warn!(%error, "gRPC reflection v1 disabled"),
    }
    match reflection().build_v1alpha() {
        Ok(v1alpha) => router = router.add_service(v1alpha),
        Err(error) => tracing::warn!(%error, "gRPC reflection v1alpha disabled"),
    }
    let incoming = TcpIncoming::from(port.listener).with_nodelay(Some(true));
    let stopped = async move {
        // Without a sender the server has stopped as well.
        let _ = stop.wait_for(|stopped| *stopped).await;
    };
    if let Err(error) = router.serve_with_incoming_shutdown(incoming, stopped).await {
        tracing::error!(%error, "gRPC listener failed");
    }
}

/// Answers a request once everything that it has read and changed is durable.
async fn respond<T>(
    scope: RequestScope<'_>,
    answer: Result<T, Error>,
) -> Result<Response<T>, Status> {
    scope.settle().await?;
    into_response(answer)
}

fn into_response<T>(answer: Result<T, Error>) -> Result<Response<T>, Status> {
    match answer {
        Ok(message) => Ok(Response::new(message)),
        Err(error) => Err(error.into()),
    }
}

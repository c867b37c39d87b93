//! `grpc.health.v1`: serving until the server stops.

use durably_proto::health::health_check_response::ServingStatus;
use durably_proto::health::{HealthCheckRequest, HealthCheckResponse};
use durably_proto::service::health::health_server::Health;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};

use super::Frontend;

#[tonic::async_trait]
impl Health for Frontend {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        match service.is_empty() || SERVICES.contains(&service.as_str()) {
            true => Ok(Response::new(self.health())),
            false => Err(Status::not_found(format!("unknown service {service}"))),
        }
    }

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<BoxStream<HealthCheckResponse>>, Status> {
        let frontend = self.clone();
        let now = futures::stream::once({
            let health = self.health();
            async move { Ok(health) }
        });
        let end = futures::stream::once(async move {
            frontend.backend.stopped().await;
            Ok(frontend.health())
        });
        Ok(Response::new(Box::pin(futures::StreamExt::chain(now, end))))
    }
}

impl Frontend {
    fn health(&self) -> HealthCheckResponse {
        let status = match self.backend.is_stopping() {
            true => ServingStatus::NotServing,
            false => ServingStatus::Serving,
        };
        HealthCheckResponse {
            status: status.into(),
        }
    }
}

const SERVICES: [&str; 3] = [
    "temporal.api.workflowservice.v1.WorkflowService",
    "temporal.api.operatorservice.v1.OperatorService",
    "temporal.api.testservice.v1.TestService",
];

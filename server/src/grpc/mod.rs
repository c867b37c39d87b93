//! gRPC: messages in, calls, messages out. The same [`Frontend`] is behind the port and is
//! called in process.

mod activity;
mod check;
mod health;
mod history;
mod message_size;
mod namespace;
mod operator;
mod query;
mod service;
mod start;
pub(crate) mod status;
mod task_queue;
mod test_service;
mod token;
mod update;
mod visibility;
mod worker;
mod workflow;

use std::sync::Arc;
use std::time::Duration;

use durably_proto::FILE_DESCRIPTOR_SET;
use durably_proto::service::health::health_server::HealthServer;
use durably_proto::service::operator::operator_service_server::OperatorServiceServer;
use durably_proto::service::testing::test_service_server::TestServiceServer;
use durably_proto::service::workflow::workflow_service_server::WorkflowServiceServer;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::server::TcpIncoming;
use tonic::{Response, Status};

use self::message_size::{LARGEST, Sized};
use crate::clock::{SkipsTime, Timekeeper};
use crate::engine::Engine;
use crate::error::Error;

/// Answers requests, wherever they come from.
#[derive(Clone, Debug)]
pub(crate) struct Frontend {
    pub(crate) engine: Arc<Engine>,
}

impl Frontend {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    /// The clock that skips while the request waits, if it shall.
    fn skips<T>(&self, request: &tonic::Request<T>) -> Option<&Timekeeper> {
        let wanted = request.extensions().get::<SkipsTime>().is_some();
        (wanted && self.engine.clock.skips()).then_some(&self.engine.clock)
    }

    /// What the future says, or that the server stops.
    async fn unless_stopped<T>(
        &self,
        future: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.engine.check_running()?;
        tokio::select! {
            answer = future => answer,
            () = self.engine.stopped() => Err(Error::Unavailable("the server is shutting down")),
        }
    }
}

/// Serves the port until the server stops.
pub(crate) async fn serve(
    frontend: Frontend,
    listener: TcpListener,
    mut stop: watch::Receiver<bool>,
) {
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
    };
    let mut server = tonic::transport::Server::builder();
    let mut router = server
        .add_service(Sized(
            WorkflowServiceServer::new(frontend.clone())
                .accept_compressed(CompressionEncoding::Gzip)
                .max_decoding_message_size(LARGEST),
        ))
        .add_service(Sized(
            OperatorServiceServer::new(frontend.clone())
                .accept_compressed(CompressionEncoding::Gzip)
                .max_decoding_message_size(LARGEST),
        ))
        .add_service(
            TestServiceServer::new(frontend.clone()).accept_compressed(CompressionEncoding::Gzip),
        )
        .add_service(HealthServer::new(frontend).accept_compressed(CompressionEncoding::Gzip));
    // The descriptors come with the build; if they were broken, only reflection would be missing.
    match reflection().build_v1() {
        Ok(v1) => router = router.add_service(v1),
        Err(error) => tracing::warn!(%error, "no gRPC reflection"),
    }
    match reflection().build_v1alpha() {
        Ok(v1alpha) => router = router.add_service(v1alpha),
        Err(error) => tracing::warn!(%error, "no gRPC reflection (v1alpha)"),
    }
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let stopped = async move {
        // Without a sender the server is gone as well.
        let _ = stop.wait_for(|stopped| *stopped).await;
    };
    if let Err(error) = router.serve_with_incoming_shutdown(incoming, stopped).await {
        tracing::error!(%error, "the gRPC listener ended");
    }
}

fn answered<T>(answer: Result<T, Error>) -> Result<Response<T>, Status> {
    match answer {
        Ok(message) => Ok(Response::new(message)),
        Err(error) => Err(error.into()),
    }
}

/// When a waiting request must be answered at the latest: in time for the client to hear it.
fn deadline(metadata: &MetadataMap, longest: Duration) -> Instant {
    let wait = match metadata
        .get("grpc-timeout")
        .and_then(|it| timeout(it.to_str().ok()?))
    {
        Some(timeout) => longest.min(timeout.saturating_sub(ANSWER_TIME.min(timeout / 10))),
        None => longest,
    };
    Instant::now() + wait
}

/// A `grpc-timeout`: at most eight digits and a unit.
fn timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(value * 3600)),
        "M" => Some(Duration::from_secs(value * 60)),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}

/// Methods that are not there yet, each answering with its full name.
///
/// The trait is an `async_trait`, which has rewritten its methods before a macro inside can expand;
/// hence the written-out signature.
macro_rules! unimplemented_methods {
    ($service:literal;
     $($name:ident $method:ident($request:ident) $response:ident,)*) => {$(
        fn $name<'life, 'async_trait>(
            &'life self,
            _: tonic::Request<$request>,
        ) -> std::pin::Pin<Box<
            dyn Future<
                Output = Result<tonic::Response<$response>, tonic::Status>,
            > + Send + 'async_trait,
        >>
        where
            'life: 'async_trait,
            Self: 'async_trait,
        {
            let name = concat!($service, "/", stringify!($method));
            Box::pin(async move {
                Err(tonic::Status::unimplemented(format!(
                    "{name} is not implemented by the embedded server"
                )))
            })
        }
    )*};
}
use unimplemented_methods;

/// How long a poll waits for a task; the real server's value.
const LONG_POLL: Duration = Duration::from_secs(60);
/// How long a read waits for new events; the real server's value.
const HISTORY_POLL: Duration = Duration::from_secs(20);
/// How long a request waits for an update; the real server's value.
const UPDATE_POLL: Duration = Duration::from_secs(20);
/// How long a query waits for a worker when the client does not say.
const QUERY: Duration = Duration::from_secs(30);
/// What is kept back from a client's timeout, so that the answer reaches it in time.
const ANSWER_TIME: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_timeout_is_read() {
        assert_eq!(timeout("5S"), Some(Duration::from_secs(5)));
        assert_eq!(timeout("1500m"), Some(Duration::from_millis(1500)));
        assert_eq!(
            timeout("99999999H"),
            Some(Duration::from_secs(99_999_999 * 3600))
        );
        assert_eq!(timeout("123456789S"), None);
        assert_eq!(timeout("S"), None);
        assert_eq!(timeout(""), None);
        assert_eq!(timeout("5ß"), None);
    }
}

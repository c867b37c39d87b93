//! A server in process, on a paused clock, so that a poll that finds nothing ends at once.

use std::time::Duration;

use durably_proto::Message;
use durably_server::{Clock, Server};
use tokio::task::JoinSet;
use tonic::metadata::MetadataMap;
use tonic::{Code, Extensions, Status};

use crate::methods::{METHODS, Services, number};

/// A server and the calls that wait for it.
pub(crate) struct LiveServer {
    pub(crate) server: Server,
    services: Services,
    waiting: JoinSet<()>,
    faults: &'static [Code],
}

/// Runs a future to its end on a thread whose clock is paused.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime
        .expect("the thread has no runtime yet")
        .block_on(future)
}

impl LiveServer {
    pub(crate) async fn start() -> Self {
        let server = Server::builder()
            .grpc(false)
            .clock(Clock::skipping())
            .seed(1)
            .start()
            .await
            .expect("it listens on no port");
        Self::of(server, &[Code::Internal, Code::DataLoss, Code::Unknown])
    }

    /// A server that is running, and the codes that say that it has a fault.
    pub(crate) fn of(server: Server, faults: &'static [Code]) -> Self {
        let services = Services {
            workflow: server.service(),
            operator: server.operator_service(),
        };
        Self {
            server,
            services,
            waiting: JoinSet::new(),
            faults,
        }
    }

    /// Calls a method with the bytes of a request; none if they are not a request.
    pub(crate) async fn call(
        &self,
        method: usize,
        bytes: &[u8],
    ) -> Option<Result<Vec<u8>, Status>> {
        let answer = begin(&self.services, method, bytes, "20m", self.faults)?;
        Some(answer.await)
    }

    /// Calls a method, and does not wait for its answer: a query, or a wait for an update.
    pub(crate) async fn call_later(&mut self, method: usize, bytes: &[u8]) {
        if let Some(answer) = begin(&self.services, method, bytes, "10S", self.faults) {
            self.waiting.spawn(async move {
                let _ = answer.await;
            });
            // It begins before the next call.
            tokio::task::yield_now().await;
        }
    }

    /// Calls a method with a request that the server accepts.
    pub(crate) async fn ok<Response: Message + Default>(
        &self,
        method: &str,
        request: &impl Message,
    ) -> Response {
        let answer = self.call(number(method), &request.encode_to_vec()).await;
        let bytes = answer.expect("it is a request").expect("it is accepted");
        Response::decode(&*bytes).expect("it is that method's response")
    }

    /// Ends the calls that wait, and the server.
    pub(crate) async fn stop(mut self) {
        while let Some(ended) = self.waiting.join_next().await {
            ended.expect("no call panics");
        }
        self.server.shutdown().await;
    }
}

/// Begins a call. Its answer must come soon after the client's deadline, and it must not say that
/// the server has a fault.
fn begin(
    services: &Services,
    method: usize,
    bytes: &[u8],
    timeout: &'static str,
    faults: &'static [Code],
) -> Option<impl Future<Output = Result<Vec<u8>, Status>> + Send + 'static> {
    let method = &METHODS[method];
    let mut metadata = MetadataMap::new();
    metadata.insert("grpc-timeout", timeout.parse().expect("it is ASCII"));
    let extensions = Extensions::new();
    let answer = (method.call)(services, bytes, metadata, extensions)?;
    Some(async move {
        let answer = tokio::time::timeout(LONGEST, answer).await;
        let answer = answer.unwrap_or_else(|_| panic!("{} does not return", method.name));
        if let Err(status) = &answer {
            let is_fault = faults.contains(&status.code());
            assert!(!is_fault, "{}: {status:?}", method.name);
        }
        answer
    })
}

/// More than the server waits for anything.
const LONGEST: Duration = Duration::from_secs(300);

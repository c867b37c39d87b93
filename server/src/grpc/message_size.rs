//! Statuses of messages over the size limit.
//!
//! tonic answers with other codes than Go's gRPC. The real server's `RESOURCE_EXHAUSTED` makes SDKs
//! fail the task; with any other code they would send the message again and again.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::NamedService;
use tonic::{Code, Status};

/// Maximum size of a request: gRPC's usual limit, which the real server keeps.
pub(super) const MAX_MESSAGE_SIZE: usize = 4 * 1024 * 1024;

/// A service that replaces tonic's statuses for large messages by the real server's.
#[derive(Clone, Debug)]
pub(super) struct SizeLimited<S>(pub(super) S);

impl<S: NamedService> NamedService for SizeLimited<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for SizeLimited<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            let refused = Status::from_header_map(answer.headers()).and_then(|it| size_status(&it));
            Ok(refused.map_or(answer, Status::into_http))
        })
    }
}

/// The real server's status for tonic's status of a large message; none for any other status.
fn size_status(status: &Status) -> Option<Status> {
    let text = match status.code() {
        Code::OutOfRange => {
            let found = status
                .message()
                .strip_prefix("Error, decoded message length too large: found ")?;
            let bytes = found.split(' ').next()?;
            format!("grpc: received message larger than max ({bytes} vs. {MAX_MESSAGE_SIZE})")
        }
        Code::ResourceExhausted if status.message().starts_with("Error decompressing: size") => {
            format!("grpc: received message after decompression larger than max {MAX_MESSAGE_SIZE}")
        }
        _ => return None,
    };
    Some(Status::resource_exhausted(text))
}

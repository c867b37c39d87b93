//! Brings an answer to the server, again and again while that can help.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use tonic::Status;

use super::{
    backoff::{Backoff, Outlook, outlook},
    server::Server,
};

/// How long one attempt to answer may take.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Calls until it succeeds, cannot succeed, or `deadline` passes.
pub(crate) async fn deliver<T, F: Future<Output = Result<T, Status>>>(
    server: &Server,
    what: &str,
    deadline: Instant,
    mut call: impl FnMut() -> F,
) -> Result<T, Status> {
    let mut backoff = Backoff::up_to(Duration::from_secs(2));
    loop {
        let status = match call().await {
            Ok(reply) => return Ok(reply),
            Err(status) => status,
        };
        let pause = backoff.pause();
        if outlook(&status) == Outlook::Final || Instant::now() + pause >= deadline {
            return Err(status);
        }
        server.log_unreachable(what, &status);
        server.timers.sleep(pause).await;
    }
}

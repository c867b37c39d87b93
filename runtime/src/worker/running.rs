//! A worker from its first poll to its end.

use std::{future::Future, sync::Arc};

use tokio::task::JoinHandle;

use super::{
    error::WorkerError,
    host::Host,
    lifecycle::{Lifecycle, Phase},
};
use crate::{error::Result, wire::namespace::Capabilities};

/// A worker that has begun.
pub(crate) struct Working {
    host: Host,
    /// Ends when the worker has shut down.
    ended: JoinHandle<Result<(), WorkerError>>,
    /// A worker that is dropped stops too, in the same order, but nobody waits for it.
    _stop: StopOnDrop,
}

impl Working {
    /// Starts the parts and the polls; none if a stop was requested before.
    ///
    /// # Errors
    /// If the operating system refuses a thread.
    pub(crate) fn begin(host: Host, namespace: Capabilities) -> Result<Option<Self>> {
        if host.lifecycle.is_stopping() {
            return Ok(None);
        }
        let shutdown = host.start(namespace)?;
        Ok(Some(Self {
            _stop: StopOnDrop(Arc::clone(&host.lifecycle)),
            ended: host.server.timers.spawn(shutdown.run()),
            host,
        }))
    }

    /// Works until a stop is requested, then shuts down in order, or at once when it is requested again.
    pub(crate) async fn until(
        mut self,
        stop_requested: impl Future<Output = ()>,
        stop_now: impl Future<Output = ()>,
    ) -> Result<()> {
        let lifecycle = &self.host.lifecycle;
        let ended = tokio::select! {
            ended = &mut self.ended => ended,
            () = stop_requested => {
                lifecycle.advance(Phase::Stopping);
                tokio::select! {
                    ended = &mut self.ended => ended,
                    () = stop_now => {
                        lifecycle.advance(Phase::Aborted);
                        (&mut self.ended).await
                    }
                }
            }
        };
        match ended {
            Ok(ended) => Ok(ended?),
            // It panicked, or its thread is gone.
            Err(lost) => {
                lifecycle.end(Some(lost.to_string()));
                Err(lost.into())
            }
        }
    }
}

struct StopOnDrop(Arc<Lifecycle>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.advance(Phase::Stopping);
    }
}

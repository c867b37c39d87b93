//! A thread with a runtime: the one that a client's connection lives on.
//!
//! Frames are read, matched to their calls and written on one thread, and the worker's polls and
//! answers run there too: between the socket and them there is no hand-over, which would cost more
//! than the work itself.

use std::{convert::Infallible, io, thread};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// A thread with a runtime; it ends when this is dropped.
pub(crate) struct Net {
    runtime: Handle,
    /// Never sent on: the thread waits for its end.
    _stop: oneshot::Sender<Infallible>,
}

impl Net {
    pub(crate) fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let _ = runtime.block_on(stopped);
                // A name that is being looked up must not hold the process up.
                runtime.shutdown_background();
            })?;
        Ok(Self {
            runtime: handle,
            _stop: stop,
        })
    }

    /// Spawns work on the thread. Such work must never block.
    pub(crate) fn handle(&self) -> &Handle {
        &self.runtime
    }
}

//! The thread of the process on which workers measure time.
//!
//! Deadlines of activities, the watchdog and the steps of a shutdown do not run on the runtime of
//! the worker's caller: its clock may be paused (`tokio::time::pause`), its only thread may be
//! blocked, and it may end before the worker does.

use std::{
    future::Future,
    io,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, task::JoinHandle};

use crate::transport::net::Net;

/// Started by the first worker, and kept: the next worker would start it again.
static THREAD: Mutex<Option<Net>> = Mutex::new(None);

/// The runtime of the thread.
#[derive(Clone, Debug)]
pub(crate) struct Timers(Handle);

impl Timers {
    /// Those that all workers of the process use.
    pub(crate) fn of_process() -> io::Result<Self> {
        let mut thread = THREAD.lock().unwrap_or_else(PoisonError::into_inner);
        let net = match thread.take() {
            Some(net) => net,
            None => Net::start("durably-timers")?,
        };
        let handle = net.handle().clone();
        *thread = Some(net);
        Ok(Self(handle))
    }

    /// The runtime, for heartbeats of activities.
    pub(crate) fn handle(&self) -> &Handle {
        &self.0
    }

    pub(crate) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.0.spawn(future)
    }

    /// Resolves at `when`, whatever the clock of the current runtime does.
    pub(crate) fn sleep_until(&self, when: Instant) -> impl Future<Output = ()> + use<> {
        let _timers = self.0.enter();
        tokio::time::sleep_until(when.into())
    }

    /// Resolves after `pause`, whatever the clock of the current runtime does.
    pub(crate) fn sleep(&self, pause: Duration) -> impl Future<Output = ()> + use<> {
        let _timers = self.0.enter();
        tokio::time::sleep(pause)
    }
}

//! The thread of the process on which workers measure time.
//!
//! Deadlines of activities, the watchdog and the steps of a shutdown do not run on the runtime of
//! the worker's caller: its clock may be paused (`tokio::time::pause`), its only thread may be
//! blocked, and it may end before the worker does.

use std::{
    io,
    sync::{Mutex, PoisonError},
};

use tokio::runtime::Handle;

use crate::transport::net::Net;

/// Started by the first worker, and kept: the next worker would start it again.
static THREAD: Mutex<Option<Net>> = Mutex::new(None);

/// The runtime of the thread.
pub(crate) fn handle() -> io::Result<Handle> {
    let mut thread = THREAD.lock().unwrap_or_else(PoisonError::into_inner);
    let net = match thread.take() {
        Some(net) => net,
        None => Net::start("durably-timers")?,
    };
    let handle = net.handle().clone();
    *thread = Some(net);
    Ok(handle)
}

//! The threads on which codecs run that may wait or block.

use std::{io, sync::OnceLock};

use tokio::runtime::{Builder, Handle, Runtime};

/// The runtime of the process for codecs. Each message has a thread of it while it is transformed, so that a
/// codec that blocks, on a file or a key server, holds up no other message. It outlives all clients: a codec
/// that blocks for ever must not block a shutdown.
pub(super) fn handle() -> Result<&'static Handle, String> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| start().map_err(|error| error.to_string()));
    match runtime {
        Ok(runtime) => Ok(runtime.handle()),
        Err(error) => Err(format!("threads for codecs cannot be started: {error}")),
    }
}

fn start() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("durably-codec")
        .enable_all()
        .build()
}

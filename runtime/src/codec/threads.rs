//! The threads on which codecs run that may wait or block.

use std::{io, sync::OnceLock};
#[cfg(feature = "replay")]
use std::{panic::resume_unwind, thread};

use tokio::runtime::{Builder, Handle, Runtime};

/// Maximum number of threads that the codecs of a client have at once. A codec that blocks for ever keeps its thread, and
/// without a limit would take the threads of all others.
pub(super) const THREADS: usize = 128;
/// Maximum number of threads of all codecs of the process.
const THREADS_OF_THE_PROCESS: usize = 4096;

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

/// Waits for a job of codecs where nothing can be awaited; the error is that it could not be begun.
#[cfg(feature = "replay")]
pub(crate) fn block_on<T: Send>(job: impl Future<Output = T> + Send) -> Result<T, String> {
    let handle = handle()?;
    // The caller may be on a thread of a runtime, which tokio lets nobody block.
    let done = thread::scope(|scope| scope.spawn(|| handle.block_on(job)).join());
    Ok(done.unwrap_or_else(|panic| resume_unwind(panic)))
}

fn start() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(THREADS_OF_THE_PROCESS)
        .thread_name("durably-codec")
        .enable_all()
        .build()
}

//! Executor threads: each owns a share of the cached runs, and does all their work.
//!
//! Decode, replay, user code, commands, encode: one straight line on one thread, without a lock or
//! an async runtime around the user's future.
//!
//! ```text
//! Executors::wake ──> Pool: lane of the run ──> its thread ──> Shard of the worker ──> Outbox
//!                           '── the watchdog gives a lane whose thread is blocked another thread
//! ```

mod completion;
mod executors;
mod messages;
mod pool;
mod shard;
mod suspended;
mod thread;
mod watched;

use std::{
    io,
    num::NonZero,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use self::pool::Pool;
pub(crate) use self::{
    completion::Completions,
    executors::{Executors, Message, Outbox},
    messages::{Completed, Output, QueuedTask, RunVersion, Wake, Work},
};

/// The threads that workers share; it lives as long as one of them does.
static OF_PROCESS: Mutex<Weak<Pool<Message>>> = Mutex::new(Weak::new());

/// Starts so many threads; without a number, those that the workers of this process share: one a core.
pub(crate) fn start(threads: Option<usize>) -> io::Result<Arc<Pool<Message>>> {
    if let Some(threads) = threads {
        return Pool::new(threads, thread::run).map(Arc::new);
    }
    let mut shared = OF_PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pool) = shared.upgrade() {
        return Ok(pool);
    }
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let pool = Arc::new(Pool::new(cores, thread::run)?);
    *shared = Arc::downgrade(&pool);
    Ok(pool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workers_of_a_process_share_their_threads() {
        let (one, other) = (start(None).unwrap(), start(None).unwrap());
        assert!(Arc::ptr_eq(&one, &other));
        let own = start(Some(3)).unwrap();
        assert_eq!(own.size(), 3);
        assert!(!Arc::ptr_eq(&one, &own));
    }
}

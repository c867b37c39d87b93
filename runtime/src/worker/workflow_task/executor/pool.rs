//! The threads that run workflow code: as many as there are cores, shared by the workers of the
//! process.

use std::{
    io,
    num::NonZero,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, mpsc},
    thread,
};

use super::thread::{Message, Thread};
use crate::{telemetry::log, worker::workflow_task::watchdog::Watched};

/// The threads that workers share; it lives as long as one of them does.
static OF_PROCESS: Mutex<Weak<Pool>> = Mutex::new(Weak::new());

/// Executor threads.
pub(crate) struct Pool {
    lanes: Vec<Lane>,
}

/// The way to the thread that owns a share of the runs. The thread can be replaced.
struct Lane {
    inbox: mpsc::Sender<Message>,
    /// Locked by the thread while it waits; a thread that is blocked by a run leaves it to its
    /// replacement, with all that has arrived.
    messages: Arc<Mutex<mpsc::Receiver<Message>>>,
    /// The state of its thread; none if the operating system refused a replacement.
    thread: Mutex<Option<Arc<Watched>>>,
}

impl Pool {
    /// The pool that workers of this process share.
    pub(crate) fn of_process() -> io::Result<Arc<Self>> {
        let mut shared = OF_PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = shared.upgrade() {
            return Ok(pool);
        }
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let pool = Self::new(cores)?;
        *shared = Arc::downgrade(&pool);
        Ok(pool)
    }

    /// A pool of so many threads, which end when it is dropped.
    pub(crate) fn new(threads: usize) -> io::Result<Arc<Self>> {
        let lanes = (0..threads).map(|number| {
            let (inbox, messages) = mpsc::channel();
            let messages = Arc::new(Mutex::new(messages));
            let thread = Thread::start(number, &messages)?;
            Ok(Lane {
                inbox,
                messages,
                thread: Mutex::new(Some(thread)),
            })
        });
        let lanes = lanes.collect::<io::Result<_>>()?;
        Ok(Arc::new(Self { lanes }))
    }

    /// Number of threads that work.
    pub(crate) fn size(&self) -> usize {
        self.lanes.len()
    }

    pub(crate) fn send(&self, lane: usize, message: Message) {
        if let Some(lane) = self.lanes.get(lane) {
            // The receiver lives in the lane.
            let _ = lane.inbox.send(message);
        }
    }

    /// Whether the condition holds for one of the threads.
    pub(crate) fn any_thread(&self, condition: impl Fn(&Watched) -> bool) -> bool {
        let mut threads = self.lanes.iter().map(Lane::thread);
        threads.any(|thread| thread.as_deref().is_some_and(&condition))
    }

    /// Replaces each thread for which `overdue` returns a task: a run blocks it. Returns those tasks.
    pub(crate) fn replace_threads<T>(&self, overdue: impl Fn(&Watched) -> Option<T>) -> Vec<T> {
        let mut given_up = Vec::new();
        for (number, lane) in self.lanes.iter().enumerate() {
            let mut thread = lane.thread();
            if let Some(task) = thread.as_deref().and_then(&overdue) {
                *thread = None;
                given_up.push(task);
            }
            if thread.is_some() {
                continue;
            }
            match Thread::start(number, &lane.messages) {
                Ok(replacement) => *thread = Some(replacement),
                Err(error) => log::error!(
                    %error,
                    "a thread that workflow code blocks cannot be replaced now; its other runs wait"
                ),
            }
        }
        given_up
    }
}

impl Lane {
    fn thread(&self) -> MutexGuard<'_, Option<Arc<Watched>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workers_of_a_process_share_their_threads() {
        let (one, other) = (Pool::of_process().unwrap(), Pool::of_process().unwrap());
        assert!(Arc::ptr_eq(&one, &other));
        let own = Pool::new(3).unwrap();
        assert_eq!(own.size(), 3);
        assert!(!Arc::ptr_eq(&one, &own));
    }
}

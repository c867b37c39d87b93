//! The queue of the writer, bounded by the bytes that wait in it.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What waits for the writer, in the order of the calls.
#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    /// Notified when something was added, or the queue was closed.
    added: Condvar,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<(usize, T)>,
    bytes: usize,
    is_closed: bool,
}

/// Why the queue takes nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Closed,
    /// Too many bytes wait.
    Full,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                bytes: 0,
                is_closed: false,
            }),
            added: Condvar::new(),
        }
    }

    /// Adds what takes so many bytes. Refused while too many wait: callers that outrun the disk try again
    /// later instead of filling the memory. They are threads of the runtime, so they must not wait here.
    pub(super) fn add(&self, bytes: usize, item: T) -> Result<(), Refused> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(Refused::Closed);
        }
        if state.bytes >= MOST_BYTES {
            return Err(Refused::Full);
        }
        state.bytes += bytes;
        state.waiting.push_back((bytes, item));
        drop(state);
        self.added.notify_one();
        Ok(())
    }

    /// Takes what waits, up to the size of a group; waits while there is nothing. Empty when the
    /// queue is closed and everything was taken.
    pub(super) fn take(&self) -> Vec<T> {
        let mut state = self
            .added
            .wait_while(self.lock(), |state| {
                !state.is_closed && state.waiting.is_empty()
            })
            .unwrap_or_else(PoisonError::into_inner);
        let mut group = Vec::new();
        let mut group_bytes = 0;
        while group.len() < LARGEST_GROUP
            && group_bytes < LARGEST_GROUP_BYTES
            && let Some((bytes, item)) = state.waiting.pop_front()
        {
            group_bytes += bytes;
            group.push(item);
        }
        state.bytes -= group_bytes;
        group
    }

    /// Refuses further items; those that wait can still be taken.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.added.notify_all();
    }

    /// Refuses further items, and takes all that wait.
    pub(super) fn close_and_take(&self) -> Vec<T> {
        self.close();
        let mut state = self.lock();
        state.bytes = 0;
        let waiting = std::mem::take(&mut state.waiting);
        waiting.into_iter().map(|(_, item)| item).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().waiting.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that wait before callers are refused.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Commits in one transaction: a larger one makes its first commit wait for the last without saving
/// more.
const LARGEST_GROUP: usize = 1000;
const LARGEST_GROUP_BYTES: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_refuses_until_something_is_taken() {
        let queue = Queue::new();
        assert_eq!(queue.add(MOST_BYTES - 1, "a"), Ok(()));
        assert_eq!(queue.add(1, "b"), Ok(()));
        assert_eq!(queue.add(1, "c"), Err(Refused::Full));
        assert_eq!(queue.take(), ["a"]);
        assert_eq!(queue.add(1, "c"), Ok(()));
        assert_eq!(queue.take(), ["b", "c"]);
        queue.close();
        assert_eq!(queue.add(1, "d"), Err(Refused::Closed));
    }
}

//! Workers that have shut down. A poll of theirs that was sent before they knew, and arrives after
//! the server heard of it, would wait in vain and take a task that nobody works on.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The instance keys of workers that have shut down of late.
#[derive(Debug, Default)]
pub(crate) struct ShutDownWorkers {
    /// The oldest first.
    keys: Mutex<VecDeque<(Instant, String)>>,
}

impl ShutDownWorkers {
    /// Remembers a worker.
    pub(crate) fn insert(&self, key: &str) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        forget(&mut keys);
        keys.push_back((Instant::now(), key.to_owned()));
        if keys.len() > MOST {
            keys.pop_front();
        }
    }

    /// Whether the worker of this key has shut down; workers without a key are not known.
    pub(crate) fn contains(&self, key: &str) -> bool {
        if key.is_empty() {
            return false;
        }
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        forget(&mut keys);
        keys.iter().any(|(_, departed)| departed == key)
    }
}

fn forget(keys: &mut VecDeque<(Instant, String)>) {
    while keys
        .front()
        .is_some_and(|(at, _)| at.elapsed() > REMEMBERED)
    {
        keys.pop_front();
    }
}

/// How long a poll can be under way; the real server's value.
const REMEMBERED: Duration = Duration::from_secs(30);
/// Workers that shut down faster than this are forgotten sooner; the real server's value.
const MOST: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_worker_is_forgotten_after_a_while() {
        let departed = ShutDownWorkers::default();
        departed.insert("worker");
        assert!(departed.contains("worker"));
        assert!(!departed.contains("another"));
        assert!(!departed.contains(""));
        tokio::time::advance(REMEMBERED + Duration::from_secs(1)).await;
        assert!(!departed.contains("worker"));
    }
}

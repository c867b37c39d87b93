//! Workers that have shut down recently. A poll that such a worker sent before its shutdown and
//! that arrives after it would take a task that no worker works on.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Instance keys of workers that have shut down recently.
#[derive(Debug, Default)]
pub(crate) struct ShutDownWorkers {
    /// The oldest first.
    keys: Mutex<VecDeque<(Instant, String)>>,
}

impl ShutDownWorkers {
    /// Adds a worker.
    pub(crate) fn insert(&self, key: &str) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        forget(&mut keys);
        keys.push_back((Instant::now(), key.to_owned()));
        if keys.len() > MOST {
            keys.pop_front();
        }
    }

    /// Whether the worker of this key has shut down; false for an empty key.
    pub(crate) fn contains(&self, key: &str) -> bool {
        if key.is_empty() {
            return false;
        }
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        forget(&mut keys);
        keys.iter().any(|(_, shut_down)| shut_down == key)
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

/// How long a key is kept; the real server's value.
const REMEMBERED: Duration = Duration::from_secs(30);
/// Maximum number of keys, the oldest are dropped first; the real server's value.
const MOST: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_worker_is_forgotten_after_a_while() {
        let shut_down = ShutDownWorkers::default();
        shut_down.insert("worker");
        assert!(shut_down.contains("worker"));
        assert!(!shut_down.contains("another"));
        assert!(!shut_down.contains(""));
        tokio::time::advance(REMEMBERED + Duration::from_secs(1)).await;
        assert!(!shut_down.contains("worker"));
    }
}

//! The workers of a namespace, as their heartbeats describe them; in memory only, as on the real server.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use durably_history::Time;
use durably_proto::api::enums::v1::WorkerStatus;
use durably_proto::api::worker::v1::WorkerHeartbeat;

/// The workers that have sent heartbeats and have not shut down, by their instance keys.
#[derive(Debug, Default)]
pub(crate) struct WorkerRegistry {
    workers: Mutex<BTreeMap<String, Entry>>,
}

#[derive(Debug)]
struct Entry {
    heartbeat: WorkerHeartbeat,
    /// When it came.
    at: Time,
}

impl WorkerRegistry {
    /// Records heartbeats. One that says that its worker has shut down removes it.
    pub(crate) fn record(&self, heartbeats: Vec<WorkerHeartbeat>, now: Time) {
        let mut workers = self.lock();
        workers.retain(|_, entry| now.since(entry.at) < TIME_TO_LIVE);
        for heartbeat in heartbeats {
            let key = heartbeat.worker_instance_key.clone();
            if heartbeat.status() == WorkerStatus::Shutdown {
                workers.remove(&key);
                continue;
            }
            let is_known = workers.contains_key(&key);
            if is_known || workers.len() < MOST_WORKERS {
                let at = now;
                workers.insert(key, Entry { heartbeat, at });
            }
        }
    }

    /// The workers that live, in the order of their keys.
    pub(crate) fn list(&self, now: Time) -> Vec<WorkerHeartbeat> {
        let workers = self.lock();
        let alive = workers.values();
        let alive = alive.filter(|entry| now.since(entry.at) < TIME_TO_LIVE);
        alive.map(|entry| entry.heartbeat.clone()).collect()
    }

    /// The worker of this key.
    pub(crate) fn find(&self, key: &str, now: Time) -> Option<WorkerHeartbeat> {
        let workers = self.lock();
        let entry = workers.get(key)?;
        (now.since(entry.at) < TIME_TO_LIVE).then(|| entry.heartbeat.clone())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker without heartbeats for so long is taken for dead; the real server's value.
const TIME_TO_LIVE: Duration = Duration::from_secs(5 * 60);
/// More workers are not recorded, so that a client cannot fill the memory.
const MOST_WORKERS: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn heartbeat(key: &str, status: WorkerStatus) -> WorkerHeartbeat {
        WorkerHeartbeat {
            worker_instance_key: key.to_owned(),
            status: status.into(),
            ..WorkerHeartbeat::default()
        }
    }

    #[test]
    fn a_worker_is_known_until_it_has_shut_down_or_is_silent_for_five_minutes() {
        let registry = WorkerRegistry::default();
        let start = Time::from_unix_nanos(0);
        let running = WorkerStatus::Running;
        registry.record(
            vec![heartbeat("a", running), heartbeat("b", running)],
            start,
        );
        assert!(registry.find("a", start).is_some());
        let later = start + Duration::from_secs(299);
        registry.record(vec![heartbeat("a", running)], later);
        let keys = |now| {
            let listed = registry.list(now).into_iter();
            listed.map(|it| it.worker_instance_key).collect::<Vec<_>>()
        };
        assert_eq!(keys(later), ["a", "b"]);
        let later = start + Duration::from_secs(300);
        assert_eq!(keys(later), ["a"]);
        registry.record(vec![heartbeat("a", WorkerStatus::Shutdown)], later);
        assert_eq!(registry.find("a", later), None);
    }
}

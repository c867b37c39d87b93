//! The sweep: idle executions leave memory, and closed runs leave the store after their retention.

use std::sync::Arc;
use std::time::Duration;

use durably_history::Time;
use tokio::sync::watch;

use super::Backend;

/// Sweeps until the server stops.
pub(crate) async fn run(backend: Arc<Backend>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            biased;
            () = tokio::time::sleep(INTERVAL) => {}
            _ = stop.changed() => return,
        }
        backend.executions.sweep();
        if backend.clock.is_simulated() {
            // A second thread would make the order of events differ from run to run.
            backend.remove_expired();
            continue;
        }
        // The store may wait for its disk.
        let expiring = Arc::clone(&backend);
        let removed = tokio::task::spawn_blocking(move || expiring.remove_expired());
        if let Err(error) = removed.await {
            tracing::error!(%error, "removing closed runs failed");
        }
    }
}

impl Backend {
    /// Removes closed runs whose retention is over. A skipping clock may pass years within a test,
    /// whose runs are to be looked at afterwards; it removes nothing.
    pub(crate) fn remove_expired(&self) {
        if self.clock.skips() {
            return;
        }
        for namespace in self.namespaces.all() {
            let retention = i64::try_from(namespace.settings().retention.as_nanos());
            let now = self.clock.now().as_unix_nanos();
            let before = now.saturating_sub(retention.unwrap_or(i64::MAX));
            let before = Time::from_unix_nanos(before);
            self.remove_ended_batches(&namespace.name, before);
            while !self.is_stopping() {
                match self.store.remove_closed(&namespace.name, before, BATCH) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) => {
                        let namespace = &namespace.name;
                        tracing::warn!(%namespace, %error, "removing closed workflows failed");
                        break;
                    }
                }
            }
        }
    }
}

/// How often; an execution leaves memory after one to two intervals without a use.
const INTERVAL: Duration = Duration::from_secs(10);
/// Maximum number of runs that are removed at once, so that commits get in between.
const BATCH: usize = 1_000;

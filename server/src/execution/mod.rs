//! Live executions: the runs of a workflow id behind one lock, and the requests that wait for them.
//!
//! An execution is rebuilt from the store when a request names it, and leaves memory when nobody
//! has used it for a while: nothing here outlives a restart.

pub(crate) mod executions;
pub(crate) mod record;
pub(crate) mod runs;
mod unconfirmed;
pub(crate) mod waiters;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

pub(crate) use self::record::Record;
pub(crate) use self::runs::Runs;
pub(crate) use self::unconfirmed::{Consequences, RunEffects};
use crate::error::StoreError;
use crate::name::{ExecutionName, RunName};
use crate::namespace::Namespace;
use durably_history::RunId;

/// All runs of one workflow id behind one lock, so that inputs to an execution are applied in one
/// order. No lock of another execution is taken while it is held, which excludes deadlocks.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) name: ExecutionName,
    pub(crate) namespace: Arc<Namespace>,
    runs: Mutex<Runs>,
    /// Notified after every commit that added events, or changed whether a run skips time.
    pub(crate) changed: Notify,
    /// Notified when a run closes.
    pub(crate) closed: Notify,
    /// Number of failed commits.
    failures: AtomicU64,
    /// Whether a request has looked the execution up since the last sweep.
    used: AtomicBool,
}

impl Execution {
    fn new(namespace: Arc<Namespace>, name: ExecutionName, runs: Runs) -> Self {
        Self {
            name,
            namespace,
            runs: Mutex::new(runs),
            changed: Notify::new(),
            closed: Notify::new(),
            failures: AtomicU64::new(0),
            used: AtomicBool::new(true),
        }
    }

    pub(crate) fn workflow_id(&self) -> &Arc<str> {
        &self.name.workflow_id
    }

    pub(crate) fn run_name(&self, run_id: &RunId) -> RunName {
        RunName {
            execution: self.name.clone(),
            run_id: run_id.clone(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Runs> {
        match self.runs.lock() {
            Ok(runs) => runs,
            Err(poisoned) => {
                // A panic has left the runs half changed. The store has them as they were.
                let mut runs = PoisonError::into_inner(poisoned);
                self.break_off(&mut runs);
                self.runs.clear_poison();
                runs
            }
        }
    }

    /// Drops the live state because a commit failed: the next request finds what is stored.
    pub(crate) fn fail(&self, runs: &mut Runs, error: &StoreError) {
        self.failures.fetch_add(1, Ordering::AcqRel);
        runs.unload(error);
        self.notify_waiters();
    }

    /// Drops the live state because of a panic, which has left it half changed.
    pub(crate) fn break_off(&self, runs: &mut Runs) {
        self.failures.fetch_add(1, Ordering::AcqRel);
        runs.unload_when_confirmed(&StoreError::panicked());
        self.notify_waiters();
    }

    /// Makes requests that wait read the stored state.
    pub(crate) fn notify_waiters(&self) {
        self.changed.notify_waiters();
        self.closed.notify_waiters();
    }

    /// Drops closed runs from memory, and returns whether the whole execution may leave it. An
    /// execution that is locked may not.
    fn release(&self) -> bool {
        let Ok(mut runs) = self.runs.try_lock() else {
            return false;
        };
        runs.release_closed();
        runs.is_idle()
    }

    /// Number of failed commits so far.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Acquire)
    }

    /// Waits until all commits that were submitted so far are durable.
    pub(crate) async fn confirmed(&self) -> Result<(), StoreError> {
        let confirmed = self.lock().unconfirmed.watch();
        match confirmed {
            Some(confirmed) => confirmed.await.unwrap_or(Err(StoreError::Stopped)),
            None => Ok(()),
        }
    }
}

//! Executions: the runs of a workflow id behind one lock, and the requests that wait for them.

pub(crate) mod offer;
pub(crate) mod waiters;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use durably_history::{Deadline, Effect, Run, RunId, Time};
use tokio::sync::Notify;

use crate::due_queue::DueQueue;
use crate::execution::waiters::Waiters;
use crate::namespace::Namespace;

/// All runs of one workflow id behind one lock, so that inputs to an execution are applied in one
/// order. No lock of another execution is taken while it is held, which excludes deadlocks.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) namespace: Arc<Namespace>,
    pub(crate) workflow_id: Arc<str>,
    runs: Mutex<Runs>,
    /// Notified after every commit that added events.
    pub(crate) changed: Notify,
    /// Notified when a run closes.
    pub(crate) closed: Notify,
}

/// The runs of an execution.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    by_id: BTreeMap<RunId, Record>,
    latest: Option<RunId>,
}

/// A run together with the state that is not part of its history.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) run: Run,
    /// The deadlines the run has armed.
    pub(crate) deadlines: DueQueue<Deadline>,
    /// How many of the run's events are committed.
    committed: usize,
    /// Queries and updates that wait for this run; lost in a restart.
    pub(crate) waiters: Waiters,
    /// Units of work that the skipping clock counts for this run.
    pub(crate) at_work: usize,
}

impl Execution {
    pub(crate) fn new(namespace: Arc<Namespace>, workflow_id: Arc<str>) -> Self {
        Self {
            namespace,
            workflow_id,
            runs: Mutex::new(Runs::default()),
            changed: Notify::new(),
            closed: Notify::new(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runs {
    /// The run of that id.
    pub(crate) fn get(&mut self, run_id: &RunId) -> Option<&mut Record> {
        self.by_id.get_mut(run_id)
    }

    /// The run that was started last.
    pub(crate) fn latest(&mut self) -> Option<&mut Record> {
        self.by_id.get_mut(self.latest.as_ref()?)
    }

    /// Adds the run that was started last.
    pub(crate) fn insert_latest(&mut self, record: Record) {
        let run_id = record.run.run_id().clone();
        let replaced = self.by_id.insert(run_id.clone(), record);
        assert!(
            replaced.is_none(),
            "the store has checked that the run is new"
        );
        self.latest = Some(run_id);
    }
}

impl Record {
    pub(crate) fn new(run: Run) -> Self {
        Self {
            committed: 0,
            deadlines: DueQueue::default(),
            waiters: Waiters::default(),
            at_work: 0,
            run,
        }
    }

    pub(crate) fn committed(&self) -> usize {
        self.committed
    }

    /// Records a commit: of the run's events up to `end`, and of the deadlines that effects arm and
    /// disarm.
    pub(crate) fn commit(&mut self, end: usize, effects: &[Effect]) {
        assert!(
            end <= self.run.events().len(),
            "only recorded events are committed"
        );
        self.committed = end.max(self.committed);
        for effect in effects {
            match effect {
                Effect::Arm { deadline, at } => self.deadlines.set(deadline, Some(*at)),
                Effect::Disarm(deadline) => self.deadlines.set(deadline, None),
                Effect::Closed(_) => {
                    self.deadlines = DueQueue::default();
                    continue;
                }
                Effect::DispatchWorkflowTask { .. }
                | Effect::DispatchActivity { .. }
                | Effect::StartNext(_)
                | Effect::UpdateReached(_)
                | Effect::VisibilityChanged => continue,
            };
        }
    }

    /// The earliest deadline.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.deadlines.next_due()
    }
}

//! The store: what the server must not forget, behind one contract.
//!
//! | key                        | value                                          | written by            |
//! |----------------------------|------------------------------------------------|-----------------------|
//! | namespace, workflow id     | the latest run                                 | start, next run       |
//! | namespace, run id          | state and history ([`Run`]), armed deadlines   | every accepted input  |
//!
//! A store hands out [`Execution`]s, the same one to everybody who asks for the same name. The
//! engine locks one, lets the history core change a run in it, and hands the change to
//! [`Store::commit`], which makes events, state, effects and the latest run last together.
//! Nothing leaves the lock before that.

#[cfg(test)]
mod contract;
pub(crate) mod memory;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use durably_history::{Deadline, Effect, Run, RunId, Time};
use tokio::sync::Notify;

use crate::matching::query::Waiting;
use crate::namespace::Namespace;
use crate::timer::DueQueue;

/// Keeps executions.
pub(crate) trait Store: fmt::Debug + Send + Sync {
    /// The execution of that name, if there is one. It may have no run yet: its first start is
    /// just under way, or was refused.
    fn find(
        &self,
        namespace: &Namespace,
        workflow_id: &str,
    ) -> Result<Option<Arc<Execution>>, StoreError>;

    /// The execution of that name; a new one has no runs yet.
    fn find_or_create(
        &self,
        namespace: &Arc<Namespace>,
        workflow_id: &str,
    ) -> Result<Arc<Execution>, StoreError>;

    /// Makes changes of one locked execution last, all or none. On an error the execution is as
    /// it was after the commit before: the store has forgotten this copy, and whoever finds the
    /// execution again gets another.
    fn commit(&self, runs: &mut Runs, changes: Vec<Change<'_>>) -> Result<(), StoreError>;
}

/// One change within a commit.
#[derive(Debug)]
pub(crate) enum Change<'a> {
    /// A run that is in [`Runs`] took an input.
    Applied {
        run_id: &'a RunId,
        /// Its new events, as places in [`Run::events`].
        events: Range<usize>,
        /// What the input led to; the deadlines among them are kept with the run.
        effects: &'a [Effect],
    },
    /// A run that was not there yet becomes the latest of the execution.
    Started {
        run: Box<Run>,
        effects: &'a [Effect],
    },
}

/// The store could not do its work. The caller may try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreError {
    /// The events of a change do not continue those that are kept.
    Conflict { run_id: RunId },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { run_id } => {
                write!(f, "the store holds another history of run {run_id}")
            }
        }
    }
}

impl std::error::Error for StoreError {}

/// All runs of one workflow id, behind one lock: whatever happens to an execution happens in one
/// order. No lock of another execution is taken while it is held.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) namespace: Arc<Namespace>,
    pub(crate) workflow_id: Arc<str>,
    runs: Mutex<Runs>,
    /// Told after every commit that added events.
    pub(crate) changed: Notify,
    /// Told when a run closes.
    pub(crate) closed: Notify,
}

/// The runs of an execution.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    by_id: BTreeMap<RunId, Record>,
    latest: Option<RunId>,
}

/// A run with what belongs to it but leaves no trace in its history.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) run: Run,
    /// The deadlines the run has armed.
    pub(crate) deadlines: DueQueue<Deadline>,
    /// How many of the run's events are committed.
    committed: usize,
    /// Queries and updates that wait for this run; not kept over a restart.
    pub(crate) waiting: Waiting,
    /// How much of the run counts as being at work, for the skipping clock.
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
}

impl Record {
    fn new(run: Run) -> Self {
        Self {
            committed: 0,
            deadlines: DueQueue::default(),
            waiting: Waiting::default(),
            at_work: 0,
            run,
        }
    }

    /// The deadlines that effects arm and disarm.
    fn keep(&mut self, effects: &[Effect]) {
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

    /// When the run is to be woken next.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.deadlines.next_due()
    }
}

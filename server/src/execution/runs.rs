//! The runs of one execution: those in memory, and the way to those in the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use durably_history::{EventLog, Run, RunId};

use super::record::Record;
use super::unconfirmed::Unconfirmed;
use crate::error::StoreError;
use crate::name::ExecutionName;
use crate::store::{Commit, RunChange, Store, StoredExecution, Submitted};

/// The runs of an execution.
#[derive(Debug)]
pub(crate) struct Runs {
    name: ExecutionName,
    store: Arc<dyn Store>,
    /// What the store knows of the execution, with the commits that it has not confirmed; `None`
    /// until it is read.
    head: Option<Head>,
    /// Boxed, because a node of the map has room for eleven, and most executions have one run.
    live: BTreeMap<RunId, Box<Record>>,
    pub(crate) unconfirmed: Unconfirmed,
    /// Whether its tasks and alarm are about to be restored after a failure.
    pub(crate) is_recovering: bool,
    /// The runs whose tasks and messages that recovery must restore, beside those of the latest run.
    pub(crate) unrecovered: BTreeSet<RunId>,
    /// How long the next recovery waits; grows from failure to failure.
    recovery_delay: Duration,
    /// The live state is wrong, but commits that led to it are on their way to the store. Nothing is
    /// read or changed before they have arrived.
    is_broken: bool,
}

/// See [`StoredExecution`].
#[derive(Clone, Debug, Default)]
struct Head {
    latest: Option<RunId>,
    version: u64,
}

impl Runs {
    pub(crate) fn new(name: ExecutionName, store: Arc<dyn Store>) -> Self {
        Self {
            name,
            store,
            head: None,
            live: BTreeMap::new(),
            unconfirmed: Unconfirmed::default(),
            is_recovering: false,
            unrecovered: BTreeSet::new(),
            recovery_delay: FIRST_DELAY,
            is_broken: false,
        }
    }

    /// The run of that id.
    pub(crate) fn get(&mut self, run_id: &RunId) -> Result<Option<&mut Record>, StoreError> {
        self.check_whole()?;
        if !self.live.contains_key(run_id) {
            let Some(stored) = self.store.run(&self.name, run_id)? else {
                return Ok(None);
            };
            let corrupted = |error: durably_history::Corrupted| {
                StoreError::Corrupted(format!("run {run_id} of {}: {error}", self.name))
            };
            let events = EventLog::from_batches(stored.events).map_err(corrupted)?;
            let run = Run::restore(stored.parts, events).map_err(corrupted)?;
            self.live
                .insert(run_id.clone(), Box::new(Record::restored(run)));
        }
        Ok(self.live.get_mut(run_id).map(|record| &mut **record))
    }

    /// The run that was started last.
    pub(crate) fn latest(&mut self) -> Result<Option<&mut Record>, StoreError> {
        match self.head()?.latest.clone() {
            Some(run_id) => self.get(&run_id),
            None => Ok(None),
        }
    }

    /// The id of the run that was started last.
    pub(crate) fn latest_id(&mut self) -> Result<Option<RunId>, StoreError> {
        Ok(self.head()?.latest.clone())
    }

    /// Submits a commit of changed runs. Those that start are given with it.
    pub(crate) fn commit(
        &mut self,
        changes: Vec<RunChange>,
        started: Option<Record>,
    ) -> Result<Submitted, StoreError> {
        let follows = self.head()?.version;
        let submitted = self.store.commit(Commit {
            execution: self.name.clone(),
            follows,
            runs: changes,
        });
        if let Submitted::Done(Err(_)) = submitted {
            return Ok(submitted);
        }
        let head = self.head.get_or_insert_default();
        head.version = follows + 1;
        if let Some(record) = started {
            let run_id = record.run.run_id().clone();
            head.latest = Some(run_id.clone());
            // A store that is slower than memory finds out whether the id is taken, and refuses.
            self.live.insert(run_id, Box::new(record));
        }
        Ok(submitted)
    }

    /// Drops what is in memory; the next access reads the store again. Requests that wait for an
    /// unconfirmed commit get the error.
    pub(crate) fn unload(&mut self, error: &StoreError) {
        self.unconfirmed.fail(error);
        // A failed commit may be durable all the same, and its messages have not been sent then.
        let senders = self.live.iter().filter(|(_, it)| it.run.has_outgoing());
        self.unrecovered.extend(senders.map(|(id, _)| id.clone()));
        self.live.clear();
        self.head = None;
        self.is_broken = false;
    }

    /// Drops the live state after a panic, as soon as the store has answered all commits: what is
    /// read before would lack those.
    pub(crate) fn unload_when_confirmed(&mut self, error: &StoreError) {
        match self.unconfirmed.has_commits() {
            true => self.is_broken = true,
            false => self.unload(error),
        }
    }

    /// Whether [`Self::unload_when_confirmed`] waits.
    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// How long the recovery after a failure waits; longer after each failure in a row.
    pub(crate) fn next_recovery_delay(&mut self) -> Duration {
        let next = (self.recovery_delay * 2).min(LONGEST_DELAY);
        std::mem::replace(&mut self.recovery_delay, next)
    }

    /// A commit is durable: the store works.
    pub(crate) fn reset_recovery_delay(&mut self) {
        self.recovery_delay = FIRST_DELAY;
    }

    /// Drops a run that the store has removed.
    pub(crate) fn removed(&mut self, run_id: &RunId) {
        assert!(
            self.unconfirmed.is_empty(),
            "a run is removed after its last commit"
        );
        self.live.remove(run_id);
        // The execution may be gone with its last run, and starts anew then.
        self.head = None;
    }

    /// Drops closed runs that nobody waits for from memory, and what is known of the store when no
    /// run is left: their retention may end at any time.
    pub(crate) fn release_closed(&mut self) {
        if !self.unconfirmed.is_empty() || self.is_broken {
            return;
        }
        self.live
            .retain(|_, record| record.run.is_running() || record.is_awaited());
        if self.live.is_empty() {
            self.head = None;
        }
    }

    /// Whether nothing is lost if the execution leaves memory.
    pub(crate) fn is_idle(&self) -> bool {
        let is_at_work = self.live.values().any(|record| record.at_work.is_some());
        self.unconfirmed.is_empty() && !self.is_recovering && !self.is_broken && !is_at_work
    }

    fn check_whole(&self) -> Result<(), StoreError> {
        match self.is_broken {
            true => Err(StoreError::Failed(BROKEN.to_owned())),
            false => Ok(()),
        }
    }

    fn head(&mut self) -> Result<&Head, StoreError> {
        self.check_whole()?;
        if self.head.is_none() {
            self.head = Some(self.store.execution(&self.name)?.into());
        }
        Ok(self.head.get_or_insert_default())
    }
}

impl From<Option<StoredExecution>> for Head {
    fn from(stored: Option<StoredExecution>) -> Self {
        stored.map_or_else(Self::default, |stored| Self {
            latest: Some(stored.latest),
            version: stored.version,
        })
    }
}

const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(60);
const BROKEN: &str = "the workflow is being recovered from a failure of the server, try again";

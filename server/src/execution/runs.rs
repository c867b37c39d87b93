//! The runs of one execution: those in memory, and the way to those in the store.

use std::collections::BTreeMap;
use std::sync::Arc;

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
    live: BTreeMap<RunId, Record>,
    pub(crate) unconfirmed: Unconfirmed,
    /// Whether its tasks and alarm are about to be restored after a failure.
    pub(crate) is_recovering: bool,
}

/// See [`StoredExecution`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    latest: Option<RunId>,
    version: u64,
}

impl Runs {
    pub(crate) fn new(name: ExecutionName, store: Arc<dyn Store>, head: Option<Head>) -> Self {
        Self {
            name,
            store,
            head,
            live: BTreeMap::new(),
            unconfirmed: Unconfirmed::default(),
            is_recovering: false,
        }
    }

    /// The run of that id.
    pub(crate) fn get(&mut self, run_id: &RunId) -> Result<Option<&mut Record>, StoreError> {
        if !self.live.contains_key(run_id) {
            let Some(stored) = self.store.run(&self.name, run_id)? else {
                return Ok(None);
            };
            let corrupted = |error: durably_history::Corrupted| {
                StoreError::Corrupted(format!("run {run_id} of {}: {error}", self.name))
            };
            let events = EventLog::from_batches(stored.events).map_err(corrupted)?;
            let run = Run::restore(stored.parts, events).map_err(corrupted)?;
            self.live.insert(run_id.clone(), Record::new(run));
        }
        Ok(self.live.get_mut(run_id))
    }

    /// The run that was started last.
    pub(crate) fn latest(&mut self) -> Result<Option<&mut Record>, StoreError> {
        match self.head()?.latest.clone() {
            Some(run_id) => self.get(&run_id),
            None => Ok(None),
        }
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
            let replaced = self.live.insert(run_id, record);
            assert!(replaced.is_none(), "a run starts once");
        }
        Ok(submitted)
    }

    /// Drops what is in memory; the next access reads the store again. Requests that wait for an
    /// unconfirmed commit get the error.
    pub(crate) fn unload(&mut self, error: &StoreError) {
        self.unconfirmed.fail(error);
        self.live.clear();
        self.head = None;
    }

    /// Whether nothing is lost if the execution leaves memory.
    pub(crate) fn is_idle(&self) -> bool {
        let at_work = self.live.values().any(|record| record.at_work > 0);
        self.unconfirmed.is_empty() && !self.is_recovering && !at_work
    }

    fn head(&mut self) -> Result<&Head, StoreError> {
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

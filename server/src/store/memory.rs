//! The in-memory store. It hands out the very objects that it keeps, so a commit only checks and
//! counts.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use super::{Change, Store};
use crate::error::StoreError;
use crate::execution::{Execution, Record, Runs};
use crate::namespace::Namespace;

/// Keeps executions in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    namespaces: RwLock<BTreeMap<Arc<str>, Table>>,
}

/// Hashed, because every request looks an execution up; nothing iterates it.
type Table = HashMap<Arc<str>, Arc<Execution>>;

impl Store for MemoryStore {
    fn find(
        &self,
        namespace: &Namespace,
        workflow_id: &str,
    ) -> Result<Option<Arc<Execution>>, StoreError> {
        Ok(self.existing(namespace, workflow_id))
    }

    fn find_or_create(
        &self,
        namespace: &Arc<Namespace>,
        workflow_id: &str,
    ) -> Result<Arc<Execution>, StoreError> {
        if let Some(execution) = self.existing(namespace, workflow_id) {
            return Ok(execution);
        }
        let mut namespaces = self
            .namespaces
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let table = namespaces.entry(Arc::clone(&namespace.name)).or_default();
        if let Some(execution) = table.get(workflow_id) {
            return Ok(Arc::clone(execution));
        }
        let workflow_id: Arc<str> = workflow_id.into();
        let execution = Arc::new(Execution::new(
            Arc::clone(namespace),
            Arc::clone(&workflow_id),
        ));
        table.insert(workflow_id, Arc::clone(&execution));
        Ok(execution)
    }

    fn commit(&self, runs: &mut Runs, changes: Vec<Change<'_>>) -> Result<(), StoreError> {
        for change in &changes {
            check(runs, change)?;
        }
        for change in changes {
            match change {
                Change::Applied {
                    run_id,
                    events,
                    effects,
                } => {
                    if let Some(record) = runs.get(run_id) {
                        record.commit(events.end, effects);
                    }
                }
                Change::Started { run, effects } => {
                    let mut record = Record::new(*run);
                    record.commit(record.run.events().len(), effects);
                    runs.insert_latest(record);
                }
            }
        }
        Ok(())
    }
}

impl MemoryStore {
    fn existing(&self, namespace: &Namespace, workflow_id: &str) -> Option<Arc<Execution>> {
        let namespaces = self
            .namespaces
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        namespaces.get(&namespace.name)?.get(workflow_id).cloned()
    }
}

/// Checks that a change follows the committed state.
fn check(runs: &mut Runs, change: &Change<'_>) -> Result<(), StoreError> {
    let (run_id, continues) = match change {
        Change::Applied { run_id, events, .. } => {
            let committed = runs.get(run_id).map(|record| record.committed());
            let continues =
                events.is_empty() && committed.is_some() || committed == Some(events.start);
            (*run_id, continues)
        }
        Change::Started { run, .. } => (run.run_id(), runs.get(run.run_id()).is_none()),
    };
    match continues {
        true => Ok(()),
        false => Err(StoreError::Conflict {
            run_id: run_id.clone(),
        }),
    }
}

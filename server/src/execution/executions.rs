//! The executions in memory, by name.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Execution, Runs};
use crate::error::{Error, StoreError};
use crate::name::ExecutionName;
use crate::namespace::Namespace;
use crate::store::Store;

/// The executions in memory.
#[derive(Debug)]
pub(crate) struct Executions {
    store: Arc<dyn Store>,
    by_namespace: RwLock<HashMap<Arc<str>, Table>>,
}

/// Executions by workflow id. Hashed, because every request looks an execution up; only the sweep
/// iterates it.
type Table = HashMap<Arc<str>, Arc<Execution>>;

impl Executions {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            by_namespace: RwLock::default(),
        }
    }

    /// Finds the execution of that name. It may have no run: its first start is in progress, or was
    /// refused.
    pub(crate) fn find(
        &self,
        namespace: &Arc<Namespace>,
        workflow_id: &str,
    ) -> Result<Option<Arc<Execution>>, Error> {
        namespace.check_not_deleted()?;
        if let Some(execution) = self.live(&namespace.name, workflow_id) {
            return Ok(Some(execution));
        }
        let stored = self.store.execution(&name(namespace, workflow_id))?;
        Ok(stored.map(|_| self.find_or_create(namespace, workflow_id)))
    }

    /// Finds the execution of that name or creates one that reads the store when it is used.
    pub(crate) fn find_or_create(
        &self,
        namespace: &Arc<Namespace>,
        workflow_id: &str,
    ) -> Arc<Execution> {
        if let Some(execution) = self.live(&namespace.name, workflow_id) {
            return execution;
        }
        let name = name(namespace, workflow_id);
        let mut by_namespace = self
            .by_namespace
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if namespace.is_deleted() {
            // Of use to nobody: all inputs are refused.
            let runs = Runs::new(name.clone(), Arc::clone(&self.store));
            return Arc::new(Execution::new(Arc::clone(namespace), name, runs));
        }
        let table = by_namespace.entry(Arc::clone(&name.namespace)).or_default();
        let execution = table
            .entry(Arc::clone(&name.workflow_id))
            .or_insert_with(|| {
                let runs = Runs::new(name.clone(), Arc::clone(&self.store));
                Arc::new(Execution::new(Arc::clone(namespace), name, runs))
            });
        Arc::clone(execution)
    }

    /// Drops closed runs from memory that nobody waits for, and executions that nobody uses and
    /// nobody has looked up since the last sweep.
    pub(crate) fn sweep(&self) {
        let mut by_namespace = self
            .by_namespace
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        for table in by_namespace.values_mut() {
            table.retain(|_, execution| {
                // While the map is locked nobody can take another reference. Whoever waits for the
                // execution holds one.
                let is_idle = execution.release();
                let is_used = execution.used.swap(false, Ordering::AcqRel);
                is_used || Arc::strong_count(execution) > 1 || !is_idle
            });
            table.shrink_to(table.len() * 2);
        }
    }

    /// Waits until no input is applied to an execution of a namespace that is about to be deleted. Later
    /// inputs are refused.
    pub(crate) fn quiesce(&self, namespace: &str) {
        let executions: Vec<_> = {
            let by_namespace = self
                .by_namespace
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            let table = by_namespace.get(namespace);
            table
                .map(|it| it.values().cloned().collect())
                .unwrap_or_default()
        };
        for execution in executions {
            drop(execution.lock());
        }
    }

    /// Drops the executions of a deleted namespace from memory. Their waiters find that the namespace is
    /// deleted.
    pub(crate) fn drop_namespace(&self, namespace: &str) {
        let table = {
            let mut by_namespace = self
                .by_namespace
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            by_namespace.remove(namespace).unwrap_or_default()
        };
        // In an order, so that a simulation repeats.
        let mut table: Vec<_> = table.into_iter().collect();
        table.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (_, execution) in table {
            let mut runs = execution.lock();
            execution.fail(&mut runs, &StoreError::Failed(DELETED.to_owned()));
        }
    }

    fn live(&self, namespace: &str, workflow_id: &str) -> Option<Arc<Execution>> {
        let by_namespace = self
            .by_namespace
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let execution = by_namespace.get(namespace)?.get(workflow_id)?;
        execution.used.store(true, Ordering::Release);
        Some(Arc::clone(execution))
    }
}

fn name(namespace: &Namespace, workflow_id: &str) -> ExecutionName {
    ExecutionName {
        namespace: Arc::clone(&namespace.name),
        workflow_id: workflow_id.into(),
    }
}

const DELETED: &str = "the namespace is deleted";

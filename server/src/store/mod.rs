//! The store: keeps what the server has acknowledged, behind one contract.
//!
//! | key                        | value                                                  |
//! |----------------------------|--------------------------------------------------------|
//! | namespace                  | its settings and search attributes                     |
//! | namespace, workflow id     | the latest run, and the number of commits              |
//! | namespace, run id          | the parts of its state, its events, its phase, its row |
//! | namespace, schedule id     | the schedule's state                                   |
//! | namespace, batch id        | the batch operation's state                            |
//! | namespace, deployment      | the worker deployment                                  |
//! | namespace, task queue      | its configuration, by type                             |
//!
//! A store keeps facts, never live objects: the server rebuilds a run from its parts and events when
//! a request names it, and may drop it from memory at any time. One [`Commit`] changes one
//! execution, all or nothing. Nothing is answered or dispatched before its commit is durable.

#[cfg(test)]
mod contract;
mod facts;
#[cfg(any(test, feature = "simulation"))]
pub(crate) mod faulty;
pub(crate) mod memory;
mod settings;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use durably_history::{RunId, Time};
use tokio::sync::watch;

pub(crate) use self::facts::{
    Commit, RunChange, RunPhase, StoredBatch, StoredDeployment, StoredExecution, StoredNamespace,
    StoredQueueConfig, StoredRun, StoredSchedule, Submitted, UnfinishedRun,
};
pub(crate) use self::settings::{Removal, Settings};
use crate::deployment::Deployment;
use crate::error::{ListError, StoreError};
use crate::name::{BatchName, DeploymentName, ExecutionName, ScheduleName};
use crate::visibility::Page;
use crate::visibility::query::Query;

/// Keeps namespaces, executions and their visibility.
pub(crate) trait Store: fmt::Debug + Send + Sync {
    /// What the server says that it keeps its data in.
    fn kind(&self) -> &'static str;

    /// Id of the cluster, the same as long as the store exists.
    fn cluster_id(&self) -> &str;

    /// All namespaces.
    fn namespaces(&self) -> Result<Vec<StoredNamespace>, StoreError>;

    /// Inserts or replaces a namespace. It is durable on return.
    fn put_namespace(&self, namespace: &StoredNamespace) -> Result<(), StoreError>;

    /// Gives a namespace another name, under which it is deleted, and removed so long after its workflows. Its
    /// executions and schedules are not found any more, under neither name. It is durable on return.
    fn delete_namespace(
        &self,
        name: &str,
        deleted_name: &str,
        delay: Duration,
    ) -> Result<(), StoreError>;

    /// Removes executions of a deleted namespace, at most about `limit` runs of them; returns how many
    /// runs, and 0 if there are none.
    fn clear_namespace(&self, deleted_name: &str, limit: usize) -> Result<usize, StoreError>;

    /// Removes a deleted namespace that has no executions. One that is not there is removed already.
    fn remove_namespace(&self, deleted_name: &str) -> Result<(), StoreError>;

    /// Finds an execution; `None` if nothing of it was ever committed.
    fn execution(&self, name: &ExecutionName) -> Result<Option<StoredExecution>, StoreError>;

    /// Finds a run. A run of another execution is not found.
    fn run(&self, name: &ExecutionName, run_id: &RunId) -> Result<Option<StoredRun>, StoreError>;

    /// Commits changes of one execution, all or none. Commits take effect in the order of the calls.
    /// One that does not follow the version of the commit before is refused with
    /// [`StoreError::Conflict`].
    fn commit(&self, commit: Commit) -> Submitted;

    /// Lists all open runs, and the closed ones whose messages are not delivered.
    fn unfinished_runs(&self, each: &mut dyn FnMut(UnfinishedRun)) -> Result<(), StoreError>;

    /// Lists a page of the runs that match the query.
    fn list(
        &self,
        namespace: &str,
        query: &Query,
        size: usize,
        token: &[u8],
    ) -> Result<Page, ListError>;

    /// Counts the runs that match the query, by the value of its `GROUP BY` field.
    fn count(
        &self,
        namespace: &str,
        query: &Query,
    ) -> Result<BTreeMap<Option<String>, i64>, StoreError>;

    /// Removes runs of a namespace that closed before a time, at most `limit` of them, the earliest
    /// first; returns how many: fewer than there are if they are large, and 0 if there are none. An execution is removed with its last run. A run whose messages are not
    /// delivered stays, and the latest run of its execution with it, so that the id stays known.
    fn remove_closed(
        &self,
        namespace: &str,
        before: Time,
        limit: usize,
    ) -> Result<usize, StoreError>;

    /// Removes a run whatever its state, and its execution with the last run. It is durable on return. A
    /// run that is not there is removed already. No commit of the execution may be on its way.
    fn remove_run(&self, name: &ExecutionName, run_id: &RunId) -> Result<(), StoreError>;

    /// Becomes true when the store can write no more, and the server must stop.
    fn is_broken(&self) -> watch::Receiver<bool>;

    /// Inserts or replaces the state of a schedule; none removes the schedule. Takes effect in the
    /// order of the calls.
    fn put_schedule(&self, name: &ScheduleName, state: Option<Vec<u8>>) -> Submitted;

    /// All schedules, ordered by their names.
    fn schedules(&self) -> Result<Vec<StoredSchedule>, StoreError>;

    /// Inserts or replaces the state of a batch operation; none removes it. Takes effect in the order of
    /// the calls.
    fn put_batch(&self, name: &BatchName, state: Option<Vec<u8>>) -> Submitted;

    /// All batch operations, ordered by their names.
    fn batches(&self) -> Result<Vec<StoredBatch>, StoreError>;

    /// Inserts or replaces a worker deployment; none removes it. Takes effect in the order of the calls.
    fn put_deployment(
        &self,
        name: &DeploymentName,
        deployment: Option<Arc<Deployment>>,
    ) -> Submitted;

    /// All worker deployments, ordered by their names.
    fn deployments(&self) -> Result<Vec<StoredDeployment>, StoreError>;

    /// Inserts or replaces the configuration of a task queue. Takes effect in the order of the calls.
    fn put_queue_config(&self, config: StoredQueueConfig) -> Submitted;

    /// All configurations of task queues, ordered by namespace and key.
    fn queue_configs(&self) -> Result<Vec<StoredQueueConfig>, StoreError>;

    /// Makes durable what was committed, and releases what the store holds, so that another server
    /// can use it. Later calls fail with [`StoreError::Stopped`], but not those of a store in memory,
    /// which has nothing to release.
    fn close(&self);
}

//! The SQLite store: one file.
//!
//! ```text
//!  commit --prepare--> queue --> writer thread: BEGIN, all that wait, COMMIT (one fsync) --> answers
//!  execution, run, list, ... --> reader connections: the state of the last COMMIT
//! ```
//!
//! **Durability.** A commit is answered after SQLite has written it to the write-ahead log and `fsync`
//! has returned (`synchronous = FULL`; `F_FULLFSYNC` on macOS, where `fsync` alone leaves data in the
//! drive's cache). So it survives a crash of the process, of the operating system, and the loss of
//! power, as far as the drive keeps what it has acknowledged.
//!
//! **Failures.** A transaction that fails (a full disk, an IO error) is rolled back and every commit in
//! it is answered with the error; later commits are tried again. The state on disk is that of the last
//! commit that was answered with `Ok`, or, after a crash, of one that was about to be. A panic of the
//! writer thread answers all that wait with [`StoreError::Broken`] and stops the server.
//!
//! **One server.** The file `<database>.lock` is locked while the store exists, and the lock ends with
//! the process however it ends. Other programs may read the database meanwhile.

mod attributes;
mod batches;
mod columns;
mod commit;
mod connection;
mod count;
mod deployments;
mod failure;
mod filter;
mod list;
mod lock;
mod namespaces;
mod open;
mod plan;
mod queue;
mod queue_configs;
mod readers;
mod remove;
mod row;
mod runs;
mod schedules;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use durably_history::{RunId, Time};
use durably_proto::Message;
use tokio::sync::watch;

use self::commit::PreparedCommit;
use self::lock::DatabaseLock;
use self::readers::Readers;
use self::writer::{Work, Writer};
use super::{
    Commit, Store, StoredBatch, StoredDeployment, StoredExecution, StoredNamespace,
    StoredQueueConfig, StoredRun, StoredSchedule, Submitted, UnfinishedRun,
};
use crate::deployment::Deployment;
use crate::error::{ListError, StoreError};
use crate::name::{BatchName, DeploymentName, ExecutionName, ScheduleName};
use crate::visibility::Page;
use crate::visibility::query::Query;

/// Keeps everything in an SQLite file.
pub(crate) struct SqliteStore {
    cluster_id: String,
    readers: Readers,
    writer: Writer,
    /// Until the store is closed.
    lock: Mutex<Option<DatabaseLock>>,
}

impl Store for SqliteStore {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    fn namespaces(&self) -> Result<Vec<StoredNamespace>, StoreError> {
        self.readers.read(namespaces::all)
    }

    fn put_namespace(&self, namespace: &StoredNamespace) -> Result<(), StoreError> {
        self.writer.put_namespace(namespace.clone())
    }

    fn delete_namespace(
        &self,
        name: &str,
        deleted_name: &str,
        delay: Duration,
    ) -> Result<(), StoreError> {
        self.writer.delete_namespace(name, deleted_name, delay)
    }

    fn clear_namespace(&self, deleted_name: &str, limit: usize) -> Result<usize, StoreError> {
        self.writer.clear_namespace(deleted_name, limit)
    }

    fn remove_namespace(&self, deleted_name: &str) -> Result<(), StoreError> {
        self.writer.remove_namespace(deleted_name)
    }

    fn execution(&self, name: &ExecutionName) -> Result<Option<StoredExecution>, StoreError> {
        self.readers
            .read(|connection| runs::execution(connection, name))
    }

    fn run(&self, name: &ExecutionName, run_id: &RunId) -> Result<Option<StoredRun>, StoreError> {
        self.readers
            .read(|connection| runs::run(connection, name, run_id))
    }

    fn commit(&self, commit: Commit) -> Submitted {
        self.writer
            .submit(Work::Commit(PreparedCommit::new(commit)))
    }

    fn unfinished_runs(&self, each: &mut dyn FnMut(UnfinishedRun)) -> Result<(), StoreError> {
        self.readers
            .read(|connection| runs::unfinished_runs(connection, each))
    }

    fn list(
        &self,
        namespace: &str,
        query: &Query,
        size: usize,
        token: &[u8],
    ) -> Result<Page, ListError> {
        self.readers
            .read(|connection| Ok(list::page(connection, namespace, query, size, token)))?
    }

    fn count(
        &self,
        namespace: &str,
        query: &Query,
    ) -> Result<BTreeMap<Option<String>, i64>, StoreError> {
        self.readers
            .read(|connection| count::counts(connection, namespace, query))
    }

    fn remove_closed(
        &self,
        namespace: &str,
        before: Time,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.writer.remove_closed(namespace, before, limit)
    }

    fn remove_run(&self, name: &ExecutionName, run_id: &RunId) -> Result<(), StoreError> {
        self.writer.remove_run(name, run_id)
    }

    fn is_broken(&self) -> watch::Receiver<bool> {
        self.writer.is_broken()
    }

    fn put_schedule(&self, name: &ScheduleName, state: Option<Vec<u8>>) -> Submitted {
        self.writer.submit(Work::PutSchedule(name.clone(), state))
    }

    fn schedules(&self) -> Result<Vec<StoredSchedule>, StoreError> {
        self.readers.read(schedules::all)
    }

    fn put_deployment(
        &self,
        name: &DeploymentName,
        deployment: Option<Arc<Deployment>>,
    ) -> Submitted {
        let state = deployment.map(|deployment| deployment.encode_to_vec());
        self.writer.submit(Work::PutDeployment(name.clone(), state))
    }

    fn deployments(&self) -> Result<Vec<StoredDeployment>, StoreError> {
        self.readers.read(deployments::all)
    }

    fn put_queue_config(&self, config: StoredQueueConfig) -> Submitted {
        self.writer.submit(Work::PutQueueConfig(config))
    }

    fn queue_configs(&self) -> Result<Vec<StoredQueueConfig>, StoreError> {
        self.readers.read(queue_configs::all)
    }

    fn put_batch(&self, name: &BatchName, state: Option<Vec<u8>>) -> Submitted {
        self.writer.submit(Work::PutBatch(name.clone(), state))
    }

    fn batches(&self) -> Result<Vec<StoredBatch>, StoreError> {
        self.readers.read(batches::all)
    }

    fn close(&self) {
        // The connection that is closed last empties the write-ahead log, and the lock is held until
        // all is written.
        self.readers.close();
        self.writer.close();
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        *lock = None;
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.readers.path())
            .finish_non_exhaustive()
    }
}

//! A store for tests and for the simulation that holds commits back, fails, or crashes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use durably_history::{RunId, Time};
use tokio::sync::{Notify, oneshot, watch};

use super::memory::MemoryStore;
use super::{
    Commit, Store, StoredBatch, StoredDeployment, StoredExecution, StoredNamespace,
    StoredQueueConfig, StoredRun, StoredSchedule, Submitted, UnfinishedRun,
};
use crate::deployment::Deployment;
use crate::error::{ListError, StoreError};
use crate::name::{BatchName, DeploymentName, ExecutionName, ScheduleName};
use crate::visibility::Page;
use crate::visibility::query::Query;

/// What happens to the next commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They are done at once.
    Done,
    /// They are pending until [`FaultyStore::release`] or [`FaultyStore::fail`].
    Held,
    /// They are refused at once.
    Refused,
    /// The store panics.
    #[cfg(test)]
    Panicking,
    /// The server has crashed: nothing is committed, confirmed or read any more.
    Crashed,
}

/// An in-memory store whose commits can be held back and fail.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    inner: Arc<MemoryStore>,
    state: Mutex<State>,
    /// Notified when a commit is held back, and at a crash.
    changed: Notify,
    broken: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    mode: Mode,
    reads_fail: bool,
    removals_fail: bool,
    /// Number of refused commits and removals.
    refused: usize,
    held: VecDeque<(Write, Confirm)>,
    /// The number of commits until the crash, the last one included.
    crash_in: Option<u64>,
    /// Those that a crash has left without an answer.
    unanswered: Vec<Confirm>,
}

/// What is held back.
#[derive(Debug)]
enum Write {
    Commit(Commit),
    Schedule(ScheduleName, Option<Vec<u8>>),
    Batch(BatchName, Option<Vec<u8>>),
    Deployment(DeploymentName, Option<Arc<Deployment>>),
    QueueConfig(StoredQueueConfig),
}

type Confirm = oneshot::Sender<Result<(), StoreError>>;

impl FaultyStore {
    pub(crate) fn new(inner: Arc<MemoryStore>) -> Self {
        Self {
            inner,
            state: Mutex::new(State {
                mode: Mode::Done,
                reads_fail: false,
                removals_fail: false,
                refused: 0,
                held: VecDeque::new(),
                crash_in: None,
                unanswered: Vec::new(),
            }),
            changed: Notify::new(),
            broken: watch::Sender::new(false),
        }
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.lock().mode = mode;
    }

    /// Number of commits that are held back.
    pub(crate) fn held(&self) -> usize {
        self.lock().held.len()
    }

    /// Makes the first held commits durable, at most that many.
    pub(crate) fn flush(&self, commits: usize) {
        let mut state = self.lock();
        let commits = commits.min(state.held.len());
        for (write, confirmation) in state.held.drain(..commits) {
            // The server may have stopped.
            let _ = confirmation.send(self.apply(write));
        }
    }

    /// Fails the first held commit. Those that follow it are refused by the store, as always.
    pub(crate) fn fail_first(&self) {
        let first = self.lock().held.pop_front();
        let (_, confirmation) = first.expect("a commit is held");
        let _ = confirmation.send(Err(failed()));
    }

    fn submit(&self, write: Write) -> Submitted {
        let mut state = self.lock();
        if let Some(left) = &mut state.crash_in {
            *left = left.saturating_sub(1);
            if *left == 0 {
                state.crash_in = None;
                let (confirmation, confirmed) = oneshot::channel();
                state.held.push_back((write, confirmation));
                state.mode = Mode::Crashed;
                self.changed.notify_waiters();
                return Submitted::Pending(confirmed);
            }
        }
        match state.mode {
            Mode::Done => Submitted::Done(self.apply(write)),
            Mode::Refused => {
                state.refused += 1;
                Submitted::Done(Err(failed()))
            }
            #[cfg(test)]
            Mode::Panicking => panic!("a bug of the store"),
            Mode::Held => {
                let (confirmation, confirmed) = oneshot::channel();
                state.held.push_back((write, confirmation));
                self.changed.notify_waiters();
                Submitted::Pending(confirmed)
            }
            Mode::Crashed => {
                let (confirmation, confirmed) = oneshot::channel();
                state.unanswered.push(confirmation);
                Submitted::Pending(confirmed)
            }
        }
    }

    fn apply(&self, write: Write) -> Result<(), StoreError> {
        match write {
            Write::Commit(commit) => self.inner.apply(commit),
            Write::Schedule(name, state) => {
                self.inner.put(&name, state);
                Ok(())
            }
            Write::Batch(name, state) => {
                self.inner.put_state_of_batch(&name, state);
                Ok(())
            }
            Write::QueueConfig(config) => {
                self.inner.put_state_of_queue(config);
                Ok(())
            }
            Write::Deployment(name, deployment) => {
                self.inner.put_state_of_deployment(&name, deployment);
                Ok(())
            }
        }
    }

    fn check_removal(&self) -> Result<(), StoreError> {
        self.check_read()?;
        let mut state = self.lock();
        if state.removals_fail {
            state.refused += 1;
            return Err(failed());
        }
        Ok(())
    }

    fn check_read(&self) -> Result<(), StoreError> {
        let state = self.lock();
        match state.reads_fail || state.mode == Mode::Crashed {
            true => Err(failed()),
            false => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for FaultyStore {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn cluster_id(&self) -> &str {
        self.inner.cluster_id()
    }

    fn namespaces(&self) -> Result<Vec<StoredNamespace>, StoreError> {
        self.inner.namespaces()
    }

    fn put_namespace(&self, namespace: &StoredNamespace) -> Result<(), StoreError> {
        self.inner.put_namespace(namespace)
    }

    fn delete_namespace(
        &self,
        name: &str,
        deleted_name: &str,
        delay: Duration,
    ) -> Result<(), StoreError> {
        self.check_read()?;
        self.inner.delete_namespace(name, deleted_name, delay)
    }

    fn clear_namespace(&self, deleted_name: &str, limit: usize) -> Result<usize, StoreError> {
        self.check_removal()?;
        self.inner.clear_namespace(deleted_name, limit)
    }

    fn remove_namespace(&self, deleted_name: &str) -> Result<(), StoreError> {
        self.check_read()?;
        self.inner.remove_namespace(deleted_name)
    }

    fn execution(&self, name: &ExecutionName) -> Result<Option<StoredExecution>, StoreError> {
        self.check_read()?;
        self.inner.execution(name)
    }

    fn run(&self, name: &ExecutionName, run_id: &RunId) -> Result<Option<StoredRun>, StoreError> {
        self.check_read()?;
        self.inner.run(name, run_id)
    }

    fn commit(&self, commit: Commit) -> Submitted {
        self.submit(Write::Commit(commit))
    }

    fn unfinished_runs(&self, each: &mut dyn FnMut(UnfinishedRun)) -> Result<(), StoreError> {
        self.inner.unfinished_runs(each)
    }

    fn list(
        &self,
        namespace: &str,
        query: &Query,
        size: usize,
        token: &[u8],
    ) -> Result<Page, ListError> {
        self.inner.list(namespace, query, size, token)
    }

    fn count(
        &self,
        namespace: &str,
        query: &Query,
    ) -> Result<BTreeMap<Option<String>, i64>, StoreError> {
        self.inner.count(namespace, query)
    }

    fn remove_closed(
        &self,
        namespace: &str,
        before: Time,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.inner.remove_closed(namespace, before, limit)
    }

    fn remove_run(&self, name: &ExecutionName, run_id: &RunId) -> Result<(), StoreError> {
        self.check_removal()?;
        self.inner.remove_run(name, run_id)
    }

    fn is_broken(&self) -> watch::Receiver<bool> {
        self.broken.subscribe()
    }

    fn put_schedule(&self, name: &ScheduleName, state: Option<Vec<u8>>) -> Submitted {
        self.submit(Write::Schedule(name.clone(), state))
    }

    fn schedules(&self) -> Result<Vec<StoredSchedule>, StoreError> {
        self.inner.schedules()
    }

    fn put_deployment(
        &self,
        name: &DeploymentName,
        deployment: Option<Arc<Deployment>>,
    ) -> Submitted {
        self.submit(Write::Deployment(name.clone(), deployment))
    }

    fn deployments(&self) -> Result<Vec<StoredDeployment>, StoreError> {
        self.inner.deployments()
    }

    fn put_queue_config(&self, config: StoredQueueConfig) -> Submitted {
        self.submit(Write::QueueConfig(config))
    }

    fn queue_configs(&self) -> Result<Vec<StoredQueueConfig>, StoreError> {
        self.inner.queue_configs()
    }

    fn put_batch(&self, name: &BatchName, state: Option<Vec<u8>>) -> Submitted {
        self.submit(Write::Batch(name.clone(), state))
    }

    fn batches(&self) -> Result<Vec<StoredBatch>, StoreError> {
        self.inner.batches()
    }

    fn close(&self) {
        self.inner.close();
    }
}

/// Used by tests of this crate.
#[cfg(test)]
impl FaultyStore {
    /// Sets whether reads of executions and runs fail.
    pub(crate) fn fail_reads(&self, fail: bool) {
        self.lock().reads_fail = fail;
    }

    /// Sets whether the removal of a run fails.
    pub(crate) fn fail_removals(&self, fail: bool) {
        self.lock().removals_fail = fail;
    }

    /// Makes the server believe that the store can write no more.
    pub(crate) fn break_down(&self) {
        self.broken.send_replace(true);
    }

    /// Number of commits and removals that were refused.
    pub(crate) fn refused(&self) -> usize {
        self.lock().refused
    }

    /// Makes the held commits durable, and later ones at once.
    pub(crate) fn release(&self) {
        self.set(Mode::Done);
        self.flush(usize::MAX);
    }

    /// Fails the first held commit, and releases the others.
    pub(crate) fn fail(&self) {
        self.fail_first();
        self.release();
    }
}

/// Used by the simulation.
#[cfg(feature = "simulation")]
impl FaultyStore {
    /// Crashes at the commit with this number from now on, which becomes the last held one.
    pub(crate) fn crash_in(&self, commits: u64) {
        self.lock().crash_in = Some(commits);
    }

    /// Crashes now, if it has not crashed; the first `kept` held commits become durable, without a
    /// confirmation.
    pub(crate) fn crash(&self, kept: usize) {
        let mut state = self.lock();
        state.mode = Mode::Crashed;
        self.changed.notify_waiters();
        let held: Vec<_> = state.held.drain(..).collect();
        for (number, (write, confirmation)) in held.into_iter().enumerate() {
            if number < kept {
                // One that does not follow its predecessor is refused, as always.
                let _ = self.apply(write);
            }
            state.unanswered.push(confirmation);
        }
    }

    pub(crate) fn has_crashed(&self) -> bool {
        self.lock().mode == Mode::Crashed
    }

    /// Waits until a commit is held back, or the store has crashed.
    pub(crate) async fn changed(&self) {
        self.until(|state| !state.held.is_empty() || state.mode == Mode::Crashed)
            .await;
    }

    /// Waits until the store has crashed.
    pub(crate) async fn crashed(&self) {
        self.until(|state| state.mode == Mode::Crashed).await;
    }

    async fn until(&self, condition: impl Fn(&State) -> bool) {
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            // Registered before the check, so that no notification in between is missed.
            changed.as_mut().enable();
            if condition(&self.lock()) {
                return;
            }
            changed.await;
        }
    }
}

fn failed() -> StoreError {
    StoreError::Failed("disk full".to_owned())
}

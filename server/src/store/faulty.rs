//! A store for tests that holds commits back or fails.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use durably_history::{RunId, Time};
use tokio::sync::oneshot;

use super::memory::MemoryStore;
use super::{Commit, OpenRun, Store, StoredExecution, StoredNamespace, StoredRun, Submitted};
use crate::error::{ListError, StoreError};
use crate::name::ExecutionName;
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
}

/// An in-memory store whose commits can be held back and fail.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    inner: Arc<MemoryStore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    mode: Mode,
    reads_fail: bool,
    held: VecDeque<(Commit, oneshot::Sender<Result<(), StoreError>>)>,
}

impl FaultyStore {
    pub(crate) fn new(inner: Arc<MemoryStore>) -> Self {
        Self {
            inner,
            state: Mutex::new(State {
                mode: Mode::Done,
                reads_fail: false,
                held: VecDeque::new(),
            }),
        }
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.lock().mode = mode;
    }

    /// Sets whether reads of executions and runs fail.
    pub(crate) fn fail_reads(&self, fail: bool) {
        self.lock().reads_fail = fail;
    }

    /// Number of commits that are held back.
    pub(crate) fn held(&self) -> usize {
        self.lock().held.len()
    }

    /// Makes the held commits durable, and later ones at once.
    pub(crate) fn release(&self) {
        let mut state = self.lock();
        state.mode = Mode::Done;
        for (commit, confirmation) in state.held.drain(..) {
            let Submitted::Done(done) = self.inner.commit(commit) else {
                unreachable!("the in-memory store is done at once");
            };
            let _ = confirmation.send(done);
        }
    }

    /// Fails the first held commit. Those that follow it are refused by the store, as always.
    pub(crate) fn fail(&self) {
        let first = self.lock().held.pop_front();
        let (_, confirmation) = first.expect("a commit is held");
        let _ = confirmation.send(Err(failed()));
        self.release();
    }

    fn check_read(&self) -> Result<(), StoreError> {
        match self.lock().reads_fail {
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

    fn execution(&self, name: &ExecutionName) -> Result<Option<StoredExecution>, StoreError> {
        self.check_read()?;
        self.inner.execution(name)
    }

    fn run(&self, name: &ExecutionName, run_id: &RunId) -> Result<Option<StoredRun>, StoreError> {
        self.check_read()?;
        self.inner.run(name, run_id)
    }

    fn commit(&self, commit: Commit) -> Submitted {
        let mut state = self.lock();
        match state.mode {
            Mode::Done => self.inner.commit(commit),
            Mode::Refused => Submitted::Done(Err(failed())),
            Mode::Held => {
                let (confirmation, confirmed) = oneshot::channel();
                state.held.push_back((commit, confirmation));
                Submitted::Pending(confirmed)
            }
        }
    }

    fn open_runs(&self, each: &mut dyn FnMut(OpenRun)) -> Result<(), StoreError> {
        self.inner.open_runs(each)
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

    fn close(&self) {
        self.inner.close();
    }
}

fn failed() -> StoreError {
    StoreError::Failed("disk full".to_owned())
}

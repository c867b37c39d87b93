//! Batch operations: one operation on many workflows. All of a server's batch operations are in memory;
//! the store has what they were when their progress was last saved.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use durably_history::Time;
use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::enums::v1::BatchOperationState;
use durably_proto::api::workflowservice::v1::StartBatchOperationRequest;
use durably_proto::api::workflowservice::v1::start_batch_operation_request::Operation;
use prost::Message;

use crate::error::Error;
use crate::name::BatchName;
use crate::namespace::Namespace;

/// The batch operations of all namespaces.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    by_name: RwLock<BTreeMap<BatchName, Arc<LiveBatch>>>,
    /// Held while one is started, so that each id and each place is taken once.
    pub(crate) starting: tokio::sync::Mutex<()>,
}

/// One batch operation.
#[derive(Debug)]
pub(crate) struct LiveBatch {
    pub(crate) name: BatchName,
    batch: Mutex<Batch>,
    /// Held while the state is saved, so that a later state is not overwritten by an earlier one.
    pub(crate) saving: tokio::sync::Mutex<()>,
}

/// The state of a batch operation. Field numbers are stable.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Batch {
    #[prost(message, optional, tag = "1")]
    request: Option<StartBatchOperationRequest>,
    /// Distinguishes it from an earlier one with the same id.
    #[prost(string, tag = "2")]
    pub(crate) run_id: String,
    #[prost(sfixed64, tag = "3")]
    started_at: i64,
    /// Absent while it is running.
    #[prost(sfixed64, optional, tag = "4")]
    ended_at: Option<i64>,
    #[prost(enumeration = "BatchOperationState", tag = "5")]
    state: i32,
    /// How many workflows matched at the start.
    #[prost(int64, tag = "6")]
    matched: i64,
    #[prost(int64, tag = "7")]
    pub(crate) completed: i64,
    #[prost(int64, tag = "8")]
    pub(crate) failed: i64,
    /// The workflows of the current page of the query; empty if the request names the workflows.
    #[prost(message, repeated, tag = "9")]
    page: Vec<WorkflowExecution>,
    /// How many workflows of the page, or of the request, are done.
    #[prost(uint64, tag = "10")]
    done: u64,
    /// Where the next page begins; absent with the last page, and if the request names the workflows.
    #[prost(bytes = "vec", optional, tag = "11")]
    next_page: Option<Vec<u8>>,
}

/// What a running batch operation does next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Its operation on this workflow.
    Target(WorkflowExecution),
    /// List the page that begins here.
    Page(Vec<u8>),
    /// Nothing: all workflows are done.
    Finish,
    /// Nothing: it was stopped.
    Stopped,
}

impl Batch {
    /// A batch operation that starts. `matched` is how many workflows match its query.
    pub(crate) fn new(
        request: StartBatchOperationRequest,
        run_id: String,
        now: Time,
        matched: i64,
    ) -> Self {
        #[expect(deprecated, reason = "clients still send it")]
        let named = request.executions.len() + request.target_executions.len();
        let is_query = named == 0;
        Self {
            matched: match is_query {
                true => matched,
                false => i64::try_from(named).unwrap_or(i64::MAX),
            },
            request: Some(request),
            run_id,
            started_at: now.as_unix_nanos(),
            ended_at: None,
            state: BatchOperationState::Running.into(),
            completed: 0,
            failed: 0,
            page: Vec::new(),
            done: 0,
            next_page: is_query.then(Vec::new),
        }
    }

    /// The request that started it.
    pub(crate) fn request(&self) -> StartBatchOperationRequest {
        self.request.clone().unwrap_or_default()
    }

    /// What it does with each workflow.
    pub(crate) fn operation(&self) -> Option<&Operation> {
        self.request.as_ref()?.operation.as_ref()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.ended_at.is_none()
    }

    pub(crate) fn started_at(&self) -> Time {
        Time::from_unix_nanos(self.started_at)
    }

    pub(crate) fn closed_at(&self) -> Option<Time> {
        self.ended_at.map(Time::from_unix_nanos)
    }

    /// Number of workflows of the batch: those that matched at its start; of a completed one, those that it has processed.
    pub(crate) fn total(&self) -> i64 {
        let done = self.completed + self.failed;
        match self.state() {
            BatchOperationState::Completed => done,
            _ => self.matched.max(done),
        }
    }

    pub(crate) fn next(&self) -> Next {
        if !self.is_running() {
            return Next::Stopped;
        }
        let done = usize::try_from(self.done).unwrap_or(usize::MAX);
        let target = self.page.get(done).cloned().or_else(|| self.named(done));
        match (target, &self.next_page) {
            (Some(target), _) => Next::Target(target),
            (None, Some(token)) => Next::Page(token.clone()),
            (None, None) => Next::Finish,
        }
    }

    /// The workflow with that index in the request.
    fn named(&self, index: usize) -> Option<WorkflowExecution> {
        let request = self.request.as_ref()?;
        #[expect(deprecated, reason = "clients still send it")]
        let executions = &request.executions;
        if let Some(execution) = executions.get(index) {
            return Some(execution.clone());
        }
        let target = request.target_executions.get(index - executions.len())?;
        Some(WorkflowExecution {
            workflow_id: target.business_id.clone(),
            run_id: target.run_id.clone(),
        })
    }

    /// Goes on with another page. An empty token ends the list. A batch that was stopped meanwhile needs
    /// none.
    pub(crate) fn turn_page(&mut self, page: Vec<WorkflowExecution>, next: Vec<u8>) {
        if !self.is_running() {
            return;
        }
        self.page = page;
        self.done = 0;
        self.next_page = Some(next).filter(|next| !next.is_empty());
    }

    /// The operation on the first workflow that was not done has ended.
    pub(crate) fn record(&mut self, has_succeeded: bool) {
        self.done += 1;
        match has_succeeded {
            true => self.completed += 1,
            false => self.failed += 1,
        }
    }

    /// Ends it; returns false if it has ended already.
    pub(crate) fn close(&mut self, state: BatchOperationState, now: Time) -> bool {
        if !self.is_running() {
            return false;
        }
        self.ended_at = Some(now.as_unix_nanos());
        self.set_state(state);
        self.page.clear();
        true
    }
}

impl Batches {
    pub(crate) fn find(&self, name: &BatchName) -> Option<Arc<LiveBatch>> {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        by_name.get(name).cloned()
    }

    /// Those of a namespace, ordered by their ids.
    pub(crate) fn of_namespace(&self, namespace: &str) -> Vec<Arc<LiveBatch>> {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        let batches = by_name.values();
        let of_namespace = batches.filter(|batch| *batch.name.namespace == *namespace);
        of_namespace.cloned().collect()
    }

    /// Whether the live batch operation is the one of its name: a namespace is deleted with its own.
    pub(crate) fn holds(&self, live: &Arc<LiveBatch>) -> bool {
        let held = self.find(&live.name);
        held.is_some_and(|held| Arc::ptr_eq(&held, live))
    }

    /// Inserts a batch operation that has started.
    ///
    /// # Errors
    /// Its namespace was deleted meanwhile.
    pub(crate) fn insert(&self, namespace: &Namespace, live: Arc<LiveBatch>) -> Result<(), Error> {
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        // Checked while it is locked: a deletion drops afterwards what is inserted here.
        namespace.check_not_deleted()?;
        by_name.insert(live.name.clone(), live);
        Ok(())
    }

    /// Inserts a batch operation that is in the store.
    pub(crate) fn add_stored(&self, live: Arc<LiveBatch>) {
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        by_name.insert(live.name.clone(), live);
    }

    pub(crate) fn remove(&self, name: &BatchName) {
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        by_name.remove(name);
    }

    /// Forgets the batch operations of a deleted namespace.
    pub(crate) fn drop_namespace(&self, namespace: &str) {
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        by_name.retain(|name, _| *name.namespace != *namespace);
    }
}

impl LiveBatch {
    pub(crate) fn new(name: BatchName, batch: Batch) -> Self {
        Self {
            name,
            batch: Mutex::new(batch),
            saving: tokio::sync::Mutex::default(),
        }
    }

    /// The operation on the first workflow that was not done has ended. A batch that was stopped
    /// meanwhile keeps its numbers.
    pub(crate) fn record(&self, has_succeeded: bool) {
        let mut batch = self.lock();
        if batch.is_running() {
            batch.record(has_succeeded);
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Batch> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

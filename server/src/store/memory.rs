//! The in-memory store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use durably_history::{EventBatch, Part, PartKey, RunId, Time};
use durably_proto::api::enums::v1::NamespaceState;
use durably_proto::api::taskqueue::v1::TaskQueueConfig;
use tokio::sync::watch;

use super::{
    Commit, Removal, RunChange, RunPhase, Store, StoredBatch, StoredDeployment, StoredExecution,
    StoredNamespace, StoredQueueConfig, StoredRun, StoredSchedule, Submitted, UnfinishedRun,
};
use crate::deployment::Deployment;
use crate::error::{ListError, StoreError};
use crate::name::{BatchName, DeploymentName, ExecutionName, RunName, ScheduleName};
use crate::queue_config::QueueKey;
use crate::visibility::query::Query;
use crate::visibility::{Page, Visibility};

/// Keeps everything in memory.
#[derive(Debug)]
pub(crate) struct MemoryStore {
    cluster_id: String,
    namespaces: RwLock<BTreeMap<Arc<str>, Arc<NamespaceTable>>>,
    /// Executions by the hash of their name, so that commits of two executions rarely wait for each
    /// other.
    shards: [Mutex<Shard>; SHARDS],
    hasher: BuildHasherDefault<DefaultHasher>,
    schedules: Mutex<BTreeMap<ScheduleName, Vec<u8>>>,
    batches: Mutex<BTreeMap<BatchName, Vec<u8>>>,
    deployments: Mutex<BTreeMap<DeploymentName, Arc<Deployment>>>,
    queue_configs: Mutex<BTreeMap<(Arc<str>, QueueKey), TaskQueueConfig>>,
    /// What is left of deleted namespaces, by the names under which they are deleted.
    deleted: Mutex<BTreeMap<Arc<str>, Leftovers>>,
}

type Shard = HashMap<ExecutionName, ExecutionEntry>;

#[derive(Debug)]
struct NamespaceTable {
    facts: StoredNamespace,
    index: Arc<NamespaceIndex>,
}

#[derive(Debug, Default)]
struct NamespaceIndex {
    visibility: Visibility,
    /// Closed runs in the order of their close times, for retention; without those whose messages are
    /// not delivered.
    closed: Mutex<BTreeSet<(Time, RunName)>>,
}

/// What is left of a deleted namespace.
#[derive(Debug)]
struct Leftovers {
    executions: Vec<ExecutionEntry>,
    /// Dropped with the last execution.
    _index: Option<Arc<NamespaceIndex>>,
}

#[derive(Debug)]
struct ExecutionEntry {
    latest: RunId,
    version: u64,
    /// Boxed, because a node of the map has room for eleven, and most executions have one run.
    runs: BTreeMap<RunId, Box<RunEntry>>,
}

#[derive(Debug)]
struct RunEntry {
    /// Sorted by key.
    parts: Vec<(PartKey, Vec<u8>)>,
    events: Vec<EventBatch>,
    phase: RunPhase,
}

impl MemoryStore {
    pub(crate) fn new(cluster_id: String) -> Self {
        Self {
            cluster_id,
            namespaces: RwLock::default(),
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: BuildHasherDefault::default(),
            schedules: Mutex::default(),
            batches: Mutex::default(),
            deployments: Mutex::default(),
            queue_configs: Mutex::default(),
            deleted: Mutex::default(),
        }
    }

    fn shard(&self, name: &ExecutionName) -> MutexGuard<'_, Shard> {
        let hash = usize::try_from(self.hasher.hash_one(name) % SHARDS as u64);
        let shard = &self.shards[hash.expect("less than the number of shards")];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn index(&self, namespace: &str) -> Option<Arc<NamespaceIndex>> {
        let namespaces = self
            .namespaces
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&namespaces.get(namespace)?.index))
    }

    pub(super) fn put(&self, name: &ScheduleName, state: Option<Vec<u8>>) {
        let mut schedules = self.lock_schedules();
        match state {
            Some(state) => schedules.insert(name.clone(), state),
            None => schedules.remove(name),
        };
    }

    pub(super) fn put_state_of_batch(&self, name: &BatchName, state: Option<Vec<u8>>) {
        let mut batches = self.lock_batches();
        match state {
            Some(state) => batches.insert(name.clone(), state),
            None => batches.remove(name),
        };
    }

    pub(super) fn put_state_of_deployment(
        &self,
        name: &DeploymentName,
        deployment: Option<Arc<Deployment>>,
    ) {
        let mut deployments = self.lock_deployments();
        match deployment {
            Some(deployment) => deployments.insert(name.clone(), deployment),
            None => deployments.remove(name),
        };
    }

    pub(super) fn put_state_of_queue(&self, stored: StoredQueueConfig) {
        let StoredQueueConfig {
            namespace,
            key,
            config,
        } = stored;
        self.lock_queue_configs().insert((namespace, key), config);
    }

    fn lock_queue_configs(
        &self,
    ) -> MutexGuard<'_, BTreeMap<(Arc<str>, QueueKey), TaskQueueConfig>> {
        self.queue_configs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_deployments(&self) -> MutexGuard<'_, BTreeMap<DeploymentName, Arc<Deployment>>> {
        self.deployments
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_batches(&self) -> MutexGuard<'_, BTreeMap<BatchName, Vec<u8>>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_deleted(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Leftovers>> {
        self.deleted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_schedules(&self) -> MutexGuard<'_, BTreeMap<ScheduleName, Vec<u8>>> {
        self.schedules
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn apply(&self, commit: Commit) -> Result<(), StoreError> {
        let Commit {
            execution: name,
            follows,
            runs,
        } = commit;
        let mut shard = self.shard(&name);
        let stored = shard.get(&name);
        let version = stored.map_or(0, |entry| entry.version);
        let continues = runs.iter().all(|change| {
            let known = stored.and_then(|entry| entry.runs.get(&change.run_id));
            known.is_none() == change.is_new
        });
        if version != follows || !continues {
            return Err(StoreError::Conflict { execution: name });
        }
        for change in runs {
            let run_id = change.run_id.clone();
            if let Some(index) = self.index(&name.namespace) {
                index.update(&name, &change);
            }
            let entry = shard
                .entry(name.clone())
                .or_insert_with(|| ExecutionEntry::new(run_id.clone()));
            entry.change(run_id, change);
        }
        if let Some(entry) = shard.get_mut(&name) {
            entry.version = follows + 1;
        }
        Ok(())
    }
}

impl Store for MemoryStore {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    fn namespaces(&self) -> Result<Vec<StoredNamespace>, StoreError> {
        let namespaces = self
            .namespaces
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(namespaces
            .values()
            .map(|table| table.facts.clone())
            .collect())
    }

    fn put_namespace(&self, namespace: &StoredNamespace) -> Result<(), StoreError> {
        let mut namespaces = self
            .namespaces
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let index = match namespaces.get(&namespace.name) {
            Some(table) => Arc::clone(&table.index),
            None => Arc::default(),
        };
        let table = NamespaceTable {
            facts: namespace.clone(),
            index,
        };
        namespaces.insert(Arc::clone(&namespace.name), Arc::new(table));
        Ok(())
    }

    fn delete_namespace(
        &self,
        name: &str,
        deleted_name: &str,
        delay: Duration,
    ) -> Result<(), StoreError> {
        let mut namespaces = self
            .namespaces
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let table = namespaces.remove(name);
        let deleted_name: Arc<str> = deleted_name.into();
        if let Some(table) = &table {
            let mut facts = table.facts.clone();
            facts.name = Arc::clone(&deleted_name);
            facts.settings.state = NamespaceState::Deleted;
            facts.settings.removal = Removal::After(delay);
            let index = Arc::default();
            let table = NamespaceTable { facts, index };
            namespaces.insert(Arc::clone(&deleted_name), Arc::new(table));
        }
        drop(namespaces);
        let mut executions = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let gone = shard.extract_if(|execution, _| *execution.namespace == *name);
            executions.extend(gone.map(|(_, entry)| entry));
        }
        self.lock_schedules()
            .retain(|schedule, _| *schedule.namespace != *name);
        self.lock_batches()
            .retain(|batch, _| *batch.namespace != *name);
        self.lock_deployments()
            .retain(|deployment, _| *deployment.namespace != *name);
        self.lock_queue_configs()
            .retain(|(namespace, _), _| **namespace != *name);
        let leftovers = Leftovers {
            executions,
            _index: table.map(|table| Arc::clone(&table.index)),
        };
        self.lock_deleted().insert(deleted_name, leftovers);
        Ok(())
    }

    fn clear_namespace(&self, deleted_name: &str, limit: usize) -> Result<usize, StoreError> {
        let removed: Vec<ExecutionEntry> = {
            let mut deleted = self.lock_deleted();
            let Some(leftovers) = deleted.get_mut(deleted_name) else {
                return Ok(0);
            };
            let executions = &mut leftovers.executions;
            executions
                .drain(executions.len().saturating_sub(limit)..)
                .collect()
        };
        // Dropped after the lock is released.
        Ok(removed.iter().map(|entry| entry.runs.len()).sum())
    }

    fn remove_namespace(&self, deleted_name: &str) -> Result<(), StoreError> {
        let _leftovers = self.lock_deleted().remove(deleted_name);
        let mut namespaces = self
            .namespaces
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        namespaces.remove(deleted_name);
        Ok(())
    }

    fn execution(&self, name: &ExecutionName) -> Result<Option<StoredExecution>, StoreError> {
        let shard = self.shard(name);
        Ok(shard.get(name).map(|entry| StoredExecution {
            latest: entry.latest.clone(),
            version: entry.version,
        }))
    }

    fn run(&self, name: &ExecutionName, run_id: &RunId) -> Result<Option<StoredRun>, StoreError> {
        let shard = self.shard(name);
        let run = shard.get(name).and_then(|entry| entry.runs.get(run_id));
        Ok(run.map(|run| StoredRun {
            parts: run.parts.clone(),
            events: run.events.clone(),
        }))
    }

    fn commit(&self, commit: Commit) -> Submitted {
        Submitted::Done(self.apply(commit))
    }

    fn unfinished_runs(&self, each: &mut dyn FnMut(UnfinishedRun)) -> Result<(), StoreError> {
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            // In an order, so that a restart with a seed can be repeated.
            let mut entries: Vec<_> = shard.iter().collect();
            entries.sort_unstable_by_key(|(name, _)| *name);
            for (name, entry) in entries {
                for (run_id, run) in &entry.runs {
                    let (is_open, next_due, has_tasks) = match run.phase {
                        RunPhase::Open {
                            next_due,
                            has_tasks,
                        } => (true, next_due, has_tasks),
                        RunPhase::Closed {
                            has_messages: true, ..
                        } => (false, None, true),
                        RunPhase::Closed {
                            has_messages: false,
                            ..
                        } => continue,
                    };
                    each(UnfinishedRun {
                        name: RunName {
                            execution: name.clone(),
                            run_id: run_id.clone(),
                        },
                        is_open,
                        next_due,
                        has_tasks,
                    });
                }
            }
        }
        Ok(())
    }

    fn list(
        &self,
        namespace: &str,
        query: &Query,
        size: usize,
        token: &[u8],
    ) -> Result<Page, ListError> {
        match self.index(namespace) {
            Some(index) => Ok(index.visibility.list(query, size, token)?),
            None => Ok(Page::default()),
        }
    }

    fn count(
        &self,
        namespace: &str,
        query: &Query,
    ) -> Result<BTreeMap<Option<String>, i64>, StoreError> {
        let index = self.index(namespace);
        Ok(index.map_or_else(BTreeMap::new, |index| index.visibility.count(query)))
    }

    fn is_broken(&self) -> watch::Receiver<bool> {
        // It never is: a receiver without a sender never changes.
        watch::channel(false).1
    }

    fn remove_closed(
        &self,
        namespace: &str,
        before: Time,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let Some(index) = self.index(namespace) else {
            return Ok(0);
        };
        let mut removed = 0;
        let mut kept = Vec::new();
        while removed < limit {
            let Some((at, run)) = index.take_closed(before) else {
                break;
            };
            let mut shard = self.shard(&run.execution);
            if let Some(entry) = shard.get_mut(&run.execution) {
                if entry.latest == run.run_id && entry.has_messages() {
                    kept.push((at, run));
                    continue;
                }
                entry.runs.remove(&run.run_id);
                if entry.runs.is_empty() {
                    shard.remove(&run.execution);
                }
            }
            index.visibility.remove(&run.run_id);
            removed += 1;
        }
        index.lock_closed().extend(kept);
        Ok(removed)
    }

    fn remove_run(&self, name: &ExecutionName, run_id: &RunId) -> Result<(), StoreError> {
        let mut shard = self.shard(name);
        let Some(entry) = shard.get_mut(name) else {
            return Ok(());
        };
        let removed = entry.runs.remove(run_id);
        if entry.runs.is_empty() {
            shard.remove(name);
        }
        if let (Some(removed), Some(index)) = (removed, self.index(&name.namespace)) {
            index.remove(name, run_id, removed.phase);
        }
        Ok(())
    }

    fn put_schedule(&self, name: &ScheduleName, state: Option<Vec<u8>>) -> Submitted {
        self.put(name, state);
        Submitted::Done(Ok(()))
    }

    fn schedules(&self) -> Result<Vec<StoredSchedule>, StoreError> {
        let schedules = self.lock_schedules();
        let stored = schedules.iter().map(|(name, state)| StoredSchedule {
            name: name.clone(),
            state: state.clone(),
        });
        Ok(stored.collect())
    }

    fn put_deployment(
        &self,
        name: &DeploymentName,
        deployment: Option<Arc<Deployment>>,
    ) -> Submitted {
        self.put_state_of_deployment(name, deployment);
        Submitted::Done(Ok(()))
    }

    fn deployments(&self) -> Result<Vec<StoredDeployment>, StoreError> {
        let deployments = self.lock_deployments();
        let stored = deployments
            .iter()
            .map(|(name, deployment)| StoredDeployment {
                namespace: Arc::clone(&name.namespace),
                deployment: Arc::clone(deployment),
            });
        Ok(stored.collect())
    }

    fn put_queue_config(&self, config: StoredQueueConfig) -> Submitted {
        self.put_state_of_queue(config);
        Submitted::Done(Ok(()))
    }

    fn queue_configs(&self) -> Result<Vec<StoredQueueConfig>, StoreError> {
        let configs = self.lock_queue_configs();
        let stored = configs
            .iter()
            .map(|((namespace, key), config)| StoredQueueConfig {
                namespace: Arc::clone(namespace),
                key: key.clone(),
                config: config.clone(),
            });
        Ok(stored.collect())
    }

    fn put_batch(&self, name: &BatchName, state: Option<Vec<u8>>) -> Submitted {
        self.put_state_of_batch(name, state);
        Submitted::Done(Ok(()))
    }

    fn batches(&self) -> Result<Vec<StoredBatch>, StoreError> {
        let batches = self.lock_batches();
        let stored = batches.iter().map(|(name, state)| StoredBatch {
            name: name.clone(),
            state: state.clone(),
        });
        Ok(stored.collect())
    }

    fn close(&self) {}
}

impl NamespaceIndex {
    fn update(&self, name: &ExecutionName, change: &RunChange) {
        if let Some(row) = &change.row {
            self.visibility.upsert((**row).clone());
        }
        if let RunPhase::Closed {
            at,
            has_messages: false,
        } = change.phase
        {
            let run = RunName {
                execution: name.clone(),
                run_id: change.run_id.clone(),
            };
            self.lock_closed().insert((at, run));
        }
    }

    fn remove(&self, name: &ExecutionName, run_id: &RunId, phase: RunPhase) {
        self.visibility.remove(run_id);
        if let RunPhase::Closed { at, .. } = phase {
            let run = RunName {
                execution: name.clone(),
                run_id: run_id.clone(),
            };
            self.lock_closed().remove(&(at, run));
        }
    }

    /// Takes the run that closed first, if it closed before that time.
    fn take_closed(&self, before: Time) -> Option<(Time, RunName)> {
        let mut closed = self.lock_closed();
        let (at, _) = closed.first()?;
        match *at < before {
            true => closed.pop_first(),
            false => None,
        }
    }

    fn lock_closed(&self) -> MutexGuard<'_, BTreeSet<(Time, RunName)>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ExecutionEntry {
    fn new(latest: RunId) -> Self {
        Self {
            latest,
            version: 0,
            runs: BTreeMap::new(),
        }
    }

    /// Whether the messages of a closed run are not delivered.
    fn has_messages(&self) -> bool {
        let mut runs = self.runs.values();
        runs.any(|run| {
            matches!(
                run.phase,
                RunPhase::Closed {
                    has_messages: true,
                    ..
                }
            )
        })
    }

    fn change(&mut self, run_id: RunId, change: RunChange) {
        if change.is_new {
            self.latest = run_id.clone();
        }
        let run = self.runs.entry(run_id).or_insert_with(|| {
            Box::new(RunEntry {
                parts: Vec::new(),
                events: Vec::new(),
                phase: change.phase,
            })
        });
        run.phase = change.phase;
        run.events.extend(change.events);
        for part in change.parts {
            run.put(part);
        }
        if let RunPhase::Closed { .. } = run.phase {
            run.parts.shrink_to_fit();
            run.merge_events();
        }
    }
}

impl RunEntry {
    /// Puts all events into one batch, which takes less memory.
    fn merge_events(&mut self) {
        if self.events.len() < 2 {
            return;
        }
        let bytes: Vec<&[u8]> = self.events.iter().map(|batch| &*batch.events).collect();
        let events = bytes.concat().into();
        self.events = vec![EventBatch { first: 0, events }];
    }

    fn put(&mut self, part: Part) {
        let place = self.parts.binary_search_by(|(key, _)| key.cmp(&part.key));
        match (place, part.value) {
            (Ok(at), Some(value)) => self.parts[at].1 = value,
            (Ok(at), None) => {
                self.parts.remove(at);
            }
            (Err(at), Some(value)) => self.parts.insert(at, (part.key, value)),
            (Err(_), None) => {}
        }
    }
}

/// More than any machine has cores that commit at the same time.
const SHARDS: usize = 64;

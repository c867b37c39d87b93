//! Namespaces and their settings, queues and search attributes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use durably_history::{DeploymentVersion, LONGEST_ID, Route, Time, checked_version};
use durably_proto::api::common::v1::SearchAttributes;
use durably_proto::api::enums::v1::{IndexedValueType, NamespaceState, TaskQueueType};
use durably_proto::api::taskqueue::v1::TaskQueueConfig;
use durably_proto::api::workflow::v1::VersioningOverride;

use crate::deployment::{Change, Deployment, Deployments, QueueType, Usage, Version};
use crate::error::Error;
use crate::matching::fairness::DispatchOrder;
use crate::matching::offer::{ActivityOffer, WorkflowOffer};
use crate::matching::poller;
use crate::matching::priority::TaskPriority;
use crate::matching::query::DirectQueries;
use crate::matching::queue::QueueKind;
use crate::matching::queues::Queues;
use crate::queue_config::{QueueConfigs, QueueKey, QueueLimits};
use crate::store::{Removal, Settings, Store, StoredNamespace};
use crate::visibility::attributes::{Attributes, Field};
use crate::visibility::query::{Comparison, Filter, Literal, Query};
use crate::visibility::values;
use crate::worker_registry::WorkerRegistry;

/// All namespaces, by name.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    by_name: RwLock<BTreeMap<Arc<str>, Arc<Namespace>>>,
    /// That of the tasks in all queues.
    order: DispatchOrder,
    /// Locked while a namespace is added or deleted; requests find the others meanwhile.
    adding: Mutex<()>,
}

/// One namespace and everything that is not shared between namespaces.
#[derive(Debug)]
pub(crate) struct Namespace {
    pub(crate) name: Arc<str>,
    pub(crate) id: String,
    settings: RwLock<Settings>,
    /// Whether the namespace is about to be deleted, or is; requests that have found it before are
    /// refused.
    is_deleted: AtomicBool,
    /// Workflow tasks and direct queries on offer.
    pub(crate) workflow_tasks: Queues<WorkflowOffer>,
    /// Activity tasks on offer.
    pub(crate) activity_tasks: Queues<ActivityOffer>,
    /// Polls for Nexus tasks, which nothing sends yet.
    pub(crate) nexus_tasks: Queues<Infallible>,
    /// The workers that send heartbeats.
    pub(crate) workers: WorkerRegistry,
    /// Direct queries without an answer yet.
    pub(crate) queries: DirectQueries,
    /// The search attributes executions may carry.
    attributes: RwLock<Attributes>,
    /// The worker deployments, which its queues know, too.
    deployments: Arc<RwLock<Deployments>>,
    /// The configurations of its task queues, whose rates the queues have, too.
    queue_configs: RwLock<QueueConfigs>,
    /// Locked while the deployments or the configurations of task queues are changed and the change is stored;
    /// requests read them meanwhile.
    changing_task_queues: tokio::sync::Mutex<()>,
    /// Locked while the namespace is deleted, or its settings or search attributes are changed; requests
    /// read them meanwhile.
    changing: Mutex<()>,
}

impl Namespaces {
    /// No namespaces yet; the queues of later ones dispatch in this order.
    pub(crate) fn with_order(order: DispatchOrder) -> Self {
        Self {
            order,
            ..Self::default()
        }
    }

    /// Adds a namespace. It is durable on return.
    pub(crate) fn register(
        &self,
        store: &dyn Store,
        name: &str,
        id: String,
        settings: Settings,
    ) -> Result<(), Error> {
        if name.len() > LONGEST_ID {
            return Err(too_long());
        }
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        if name == SYSTEM || self.contains(name) {
            return Err(Error::NamespaceExists(name.to_owned()));
        }
        let stored = StoredNamespace {
            name: name.into(),
            id,
            settings,
            attributes: Vec::new(),
        };
        let namespace = Namespace::new(stored, self.order);
        let facts = namespace.facts();
        store.put_namespace(&facts)?;
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        by_name.insert(Arc::clone(&namespace.name), Arc::new(namespace));
        Ok(())
    }

    fn contains(&self, name: &str) -> bool {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        by_name.contains_key(name)
    }

    /// Adds a namespace that is in the store, with its worker deployments and the configurations of its task
    /// queues.
    pub(crate) fn add_stored(
        &self,
        stored: StoredNamespace,
        deployments: Vec<Arc<Deployment>>,
        queue_configs: Vec<(QueueKey, TaskQueueConfig)>,
    ) {
        let namespace = Namespace::with_task_queues(stored, self.order, deployments, queue_configs);
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        by_name.insert(Arc::clone(&namespace.name), Arc::new(namespace));
    }

    /// The namespace of that name.
    pub(crate) fn find(&self, name: &str) -> Result<Arc<Namespace>, Error> {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        match by_name.get(name) {
            Some(namespace) => {
                namespace.check_state(AT_WORK)?;
                Ok(Arc::clone(namespace))
            }
            None if name.is_empty() => Err(Error::Invalid("Namespace is empty.".into())),
            None if name.len() > LONGEST_ID => Err(too_long()),
            None => Err(Error::NamespaceNotFound(name.to_owned())),
        }
    }

    /// The namespace of that name, for the start of a workflow.
    pub(crate) fn find_to_start(&self, name: &str) -> Result<Arc<Namespace>, Error> {
        let namespace = self.find(name)?;
        namespace.check_state(STARTS_WORKFLOWS)?;
        Ok(namespace)
    }

    /// The namespace of that name, in whichever state.
    pub(crate) fn find_in_any_state(&self, name: &str) -> Result<Arc<Namespace>, Error> {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        match by_name.get(name) {
            Some(namespace) => Ok(Arc::clone(namespace)),
            None => {
                drop(by_name);
                self.find(name)
            }
        }
    }

    /// Deletes a namespace: it has another name from now on, and none of its executions is found any
    /// more. Returns the namespace under its new name, which is removed so long after its workflows. `quiesce` returns when no input is applied to an
    /// execution of the namespace any more; `drop_live` drops what is in memory of a deleted one, before
    /// another namespace can have the name.
    pub(crate) fn delete(
        &self,
        store: &dyn Store,
        namespace: &Namespace,
        delay: Duration,
        quiesce: impl FnOnce(),
        drop_live: impl FnOnce(),
    ) -> Result<Arc<Namespace>, Error> {
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        if namespace.name.as_ref() == SYSTEM {
            return Err(Error::Precondition(
                "unable to delete system namespace".to_owned(),
            ));
        }
        // The name may be that of a later namespace.
        namespace.check_not_deleted()?;
        let deleted_name = self.deleted_name(namespace);
        let _changing = namespace.lock_changes();
        namespace.is_deleted.store(true, Ordering::SeqCst);
        quiesce();
        if let Err(error) = store.delete_namespace(&namespace.name, &deleted_name, delay) {
            namespace.is_deleted.store(false, Ordering::SeqCst);
            return Err(error.into());
        }
        let mut facts = namespace.facts();
        facts.name = deleted_name.as_str().into();
        facts.settings.state = NamespaceState::Deleted;
        facts.settings.removal = Removal::After(delay);
        let deleted = Arc::new(Namespace::new(facts, self.order));
        {
            let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
            by_name.remove(&namespace.name);
            by_name.insert(Arc::clone(&deleted.name), Arc::clone(&deleted));
        }
        namespace.close_queues();
        drop_live();
        Ok(deleted)
    }

    /// Forgets a deleted namespace that the store has removed.
    pub(crate) fn forget(&self, deleted_name: &str) {
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        by_name.remove(deleted_name);
    }

    /// The real server's name for a deleted namespace: with so much of the id that it is new.
    fn deleted_name(&self, namespace: &Namespace) -> String {
        let Namespace { name, id, .. } = namespace;
        let suffixes = (5..=id.len()).filter_map(|length| id.get(..length));
        let mut names = suffixes.map(|suffix| format!("{name}-deleted-{suffix}"));
        let free = names.find(|name| !self.contains(name));
        free.unwrap_or_else(|| format!("{name}-deleted-{id}"))
    }

    /// The namespace of that id.
    pub(crate) fn find_by_id(&self, id: &str) -> Result<Arc<Namespace>, Error> {
        self.all()
            .into_iter()
            .find(|namespace| namespace.id == id)
            .ok_or_else(|| Error::NamespaceNotFound(id.to_owned()))
    }

    /// All of them, ordered by name.
    pub(crate) fn all(&self) -> Vec<Arc<Namespace>> {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        by_name.values().cloned().collect()
    }
}

impl Namespace {
    fn new(stored: StoredNamespace, order: DispatchOrder) -> Self {
        Self::with_task_queues(stored, order, Vec::new(), Vec::new())
    }

    fn with_task_queues(
        stored: StoredNamespace,
        order: DispatchOrder,
        deployments: Vec<Arc<Deployment>>,
        queue_configs: Vec<(QueueKey, TaskQueueConfig)>,
    ) -> Self {
        let mut attributes = Attributes::new();
        for (name, value_type) in stored.attributes {
            attributes.add(&name, value_type);
        }
        let deployments = Arc::new(RwLock::new(Deployments::stored(deployments)));
        let queue_configs = QueueConfigs::stored(queue_configs);
        let namespace = Self {
            name: stored.name,
            id: stored.id,
            is_deleted: AtomicBool::new(stored.settings.state == NamespaceState::Deleted),
            settings: RwLock::new(stored.settings),
            workflow_tasks: Queues::new(order, Arc::clone(&deployments)),
            activity_tasks: Queues::new(order, Arc::clone(&deployments)),
            nexus_tasks: Queues::new(order, Arc::clone(&deployments)),
            workers: WorkerRegistry::default(),
            queries: DirectQueries::default(),
            attributes: RwLock::new(attributes),
            deployments,
            queue_configs: RwLock::default(),
            changing_task_queues: tokio::sync::Mutex::default(),
            changing: Mutex::default(),
        };
        for (key, config) in queue_configs.all() {
            namespace.limit_queue(key, config);
        }
        Self {
            queue_configs: RwLock::new(queue_configs),
            ..namespace
        }
    }

    /// The settings.
    pub(crate) fn settings(&self) -> RwLockReadGuard<'_, Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the settings, unless the change fails. They are durable on return.
    pub(crate) fn change_settings(
        &self,
        store: &dyn Store,
        change: impl FnOnce(&mut Settings) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let _changing = self.lock_changes();
        self.check_not_deleted()?;
        let mut changed = self.settings().clone();
        change(&mut changed)?;
        let mut facts = self.facts();
        facts.settings = changed.clone();
        store.put_namespace(&facts)?;
        *self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = changed;
        Ok(())
    }

    /// Sets the time at which this deleted namespace is removed: its workflows are removed now. Returns the time,
    /// which is durable, and stays the same after a restart.
    pub(crate) fn schedule_removal(&self, store: &dyn Store, now: Time) -> Result<Time, Error> {
        let _changing = self.lock_changes();
        let delay = match self.settings().removal {
            Removal::At(at) => return Ok(at),
            Removal::After(delay) => delay,
        };
        let (mut facts, at) = (self.facts(), now + delay);
        facts.settings.removal = Removal::At(at);
        store.put_namespace(&facts)?;
        let settings = self.settings.write();
        *settings.unwrap_or_else(PoisonError::into_inner) = facts.settings;
        Ok(at)
    }

    /// Whether the namespace is about to be deleted, or is.
    pub(crate) fn is_deleted(&self) -> bool {
        self.is_deleted.load(Ordering::SeqCst)
    }

    /// Whether the namespace is deleted, after a deletion in progress, which the store may refuse.
    pub(crate) fn has_been_deleted(&self) -> bool {
        let _changing = self.lock_changes();
        self.is_deleted()
    }

    /// Refuses a request that has found the namespace before it was deleted.
    pub(crate) fn check_not_deleted(&self) -> Result<(), Error> {
        match self.is_deleted() {
            true => Err(Error::NamespaceNotFound(self.name.to_string())),
            false => Ok(()),
        }
    }

    fn check_state(&self, allowed: &'static [NamespaceState]) -> Result<(), Error> {
        let state = self.settings().state;
        match allowed.contains(&state) {
            true => Ok(()),
            false => Err(Error::NamespaceState {
                namespace: self.name.to_string(),
                state,
                allowed,
            }),
        }
    }

    /// Ends all polls and drops all tasks and direct queries.
    pub(crate) fn close_queues(&self) {
        self.workflow_tasks.close();
        self.activity_tasks.close();
        self.nexus_tasks.close();
        self.queries.close();
    }

    /// The search attributes that executions may carry.
    pub(crate) fn attributes(&self) -> RwLockReadGuard<'_, Attributes> {
        self.attributes
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks the search attributes of a request, labels each with its type, and removes those that are
    /// unset.
    pub(crate) fn complete_search_attributes(
        &self,
        given: Option<&mut SearchAttributes>,
    ) -> Result<(), Error> {
        let Some(SearchAttributes { indexed_fields }) = given else {
            return Ok(());
        };
        values::check(&self.name, &self.attributes(), indexed_fields)
            .map_err(|bad| Error::Invalid(bad.message))?;
        indexed_fields.retain(|_, value| !values::is_unset(value));
        Ok(())
    }

    /// Changes the search attributes, unless the change fails. They are durable on return.
    pub(crate) fn change_attributes(
        &self,
        store: &dyn Store,
        change: impl FnOnce(&mut Attributes) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let _changing = self.lock_changes();
        self.check_not_deleted()?;
        let mut changed = self.attributes().clone();
        change(&mut changed)?;
        let mut facts = self.facts();
        facts.attributes = stored_attributes(&changed);
        store.put_namespace(&facts)?;
        let mut attributes = self
            .attributes
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *attributes = changed;
        Ok(())
    }

    /// The worker deployments.
    pub(crate) fn deployments(&self) -> RwLockReadGuard<'_, Deployments> {
        let deployments = self.deployments.read();
        deployments.unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other change of the deployments or of a configuration of a task queue is being stored.
    pub(crate) async fn lock_task_queues(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.changing_task_queues.lock().await
    }

    /// Locks the namespace against its deletion and against changes of its settings and search attributes. What is
    /// submitted to the store meanwhile goes to this namespace, and not to a later one of the same name.
    pub(crate) fn lock_changes(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The deployments after a change, which is not live yet. The caller has
    /// [locked](Self::lock_task_queues) them.
    pub(crate) fn changed_deployments<R>(
        &self,
        store: &dyn Store,
        now: Time,
        change: impl FnOnce(&mut Deployments, &VersionUsage<'_>) -> Result<(Change, R), Error>,
    ) -> Result<(Deployments, Change, R), Error> {
        self.check_not_deleted()?;
        let usage = VersionUsage {
            namespace: self,
            store,
            now,
        };
        let mut changed = self.deployments().clone();
        let (change, result) = change(&mut changed, &usage)?;
        Ok((changed, change, result))
    }

    /// Makes changed deployments live, which are stored. Tasks that wait in the queues that the change concerns
    /// go to the workers to which they belong now.
    pub(crate) fn set_deployments(&self, changed: Deployments, change: &Change, now: Time) {
        let deployments = self.deployments.write();
        let mut deployments = deployments.unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *deployments, changed);
        let polls = |all: &Deployments, deployment: &str, ty, queue: &str| {
            all.find(deployment).is_ok_and(|it| it.polls(ty, queue))
        };
        let concerns = |ty: QueueType, queue: &str| match change {
            Change::Nothing => false,
            Change::Queue(polled) => polled.ty == ty && *polled.queue == *queue,
            Change::Deployment(name) => {
                polls(&before, name, ty, queue) || polls(&deployments, name, ty, queue)
            }
        };
        let is_concerned = |queue: &str| concerns(QueueType::Workflow, queue);
        self.workflow_tasks
            .redistribute(&deployments, is_concerned, now);
        let is_concerned = |queue: &str| concerns(QueueType::Activity, queue);
        self.activity_tasks
            .redistribute(&deployments, is_concerned, now);
    }

    /// The configuration of a task queue; none if no client has set one.
    pub(crate) fn queue_config(&self, key: &QueueKey) -> Option<TaskQueueConfig> {
        self.queue_configs().get(key).cloned()
    }

    fn queue_configs(&self) -> RwLockReadGuard<'_, QueueConfigs> {
        let configs = self.queue_configs.read();
        configs.unwrap_or_else(PoisonError::into_inner)
    }

    /// The configuration of a task queue after a change, which is not live yet. The caller has
    /// [locked](Self::lock_task_queues) the task queues.
    pub(crate) fn changed_queue_config(
        &self,
        key: &QueueKey,
        change: impl FnOnce(&mut TaskQueueConfig) -> Result<(), Error>,
    ) -> Result<TaskQueueConfig, Error> {
        self.check_not_deleted()?;
        let mut config = self.queue_config(key).unwrap_or_default();
        change(&mut config)?;
        Ok(config)
    }

    /// Makes a changed configuration live, which is stored. Its rate holds for the tasks that wait, too.
    pub(crate) fn set_queue_config(&self, key: QueueKey, config: TaskQueueConfig) {
        self.limit_queue(&key, &config);
        let configs = self.queue_configs.write();
        let mut configs = configs.unwrap_or_else(PoisonError::into_inner);
        configs.insert(key, config);
    }

    /// Gives a queue the limits and weights of its configuration. Workflow tasks have no limits.
    fn limit_queue(&self, key: &QueueKey, config: &TaskQueueConfig) {
        let limits = QueueLimits::from(config);
        match TaskQueueType::try_from(key.task_queue_type) {
            Ok(TaskQueueType::Activity) => self.activity_tasks.configure(&key.name, limits),
            Ok(TaskQueueType::Nexus) => self.nexus_tasks.configure(&key.name, limits),
            Ok(TaskQueueType::Workflow) => self.workflow_tasks.configure(&key.name, limits),
            Ok(TaskQueueType::Unspecified) | Err(_) => {}
        }
    }

    /// Offers a workflow task or a query to the workers that may take it.
    pub(crate) fn offer_workflow_task(
        &self,
        queue: &Arc<str>,
        kind: QueueKind,
        priority: TaskPriority,
        offer: WorkflowOffer,
        now: Time,
    ) {
        self.workflow_tasks.offer(queue, kind, priority, offer, now);
    }

    /// Offers an activity task to the workers that may take it.
    pub(crate) fn offer_activity_task(
        &self,
        queue: &Arc<str>,
        priority: TaskPriority,
        offer: ActivityOffer,
        now: Time,
    ) {
        let kind = QueueKind::Normal;
        self.activity_tasks.offer(queue, kind, priority, offer, now);
    }

    /// Checks that workers of the version to which an override sends the run poll its task queue.
    pub(crate) fn check_override(
        &self,
        given: Option<&VersioningOverride>,
        queue: &Arc<str>,
    ) -> Result<(), Error> {
        let Some(version) = given.and_then(checked_version) else {
            return Ok(());
        };
        match self.deployments().has(&version, QueueType::Workflow, queue) {
            true => Ok(()),
            false => Err(Error::Precondition(format!(
                "Pinned version '{version}' is not present in task queue '{queue}' of type 'Workflow'"
            ))),
        }
    }

    /// Number of open runs that are pinned to a version.
    pub(crate) fn pinned_runs(
        &self,
        store: &dyn Store,
        version: &DeploymentVersion,
    ) -> Result<i64, Error> {
        let is = |field, value: &str| Filter::Compare {
            field,
            by: Comparison::Equal,
            with: Literal::Text(value.to_owned()),
        };
        let keyword = |name: &str| Field::Carried(name.to_owned(), IndexedValueType::Keyword);
        let filter = Filter::All(vec![
            is(
                keyword("TemporalWorkerDeploymentVersion"),
                &version.to_string(),
            ),
            is(keyword("TemporalWorkflowVersioningBehavior"), "Pinned"),
            is(Field::ExecutionStatus, "Running"),
        ]);
        let query = Query {
            filter: Some(filter),
            ..Query::default()
        };
        Ok(store.count(&self.name, &query)?.values().sum())
    }

    /// Whether a run stays on its version with its next workflow task, so that its sticky worker may
    /// take that.
    pub(crate) fn stays(&self, queue: &str, route: &Route, workflow_id: &str) -> bool {
        match route {
            Route::Pinned(_) => true,
            Route::Unpinned(version) | Route::Ramping(version) => {
                let deployments = self.deployments();
                let target = deployments.workflow_target(queue, route, workflow_id);
                target.version == *version
            }
        }
    }

    fn facts(&self) -> StoredNamespace {
        StoredNamespace {
            name: Arc::clone(&self.name),
            id: self.id.clone(),
            settings: self.settings().clone(),
            attributes: stored_attributes(&self.attributes()),
        }
    }
}

fn stored_attributes(attributes: &Attributes) -> Vec<(String, IndexedValueType)> {
    let custom = attributes.custom();
    custom.map(|(name, ty)| (name.to_owned(), ty)).collect()
}

/// How the versions of a namespace are used.
pub(crate) struct VersionUsage<'a> {
    namespace: &'a Namespace,
    store: &'a dyn Store,
    pub(crate) now: Time,
}

impl Usage for VersionUsage<'_> {
    type Error = Error;

    fn is_polled(&self, deployment: &Deployment, version: &Version) -> bool {
        let named = deployment.named(&version.build_id);
        version.queues.iter().any(|queue| {
            let (name, by, span) = (&queue.name, Some(&named), poller::REMEMBERED);
            match queue.queue_type() {
                QueueType::Workflow => {
                    let queues = &self.namespace.workflow_tasks;
                    queues.is_polled(name, by, span, self.now)
                }
                QueueType::Activity => {
                    let queues = &self.namespace.activity_tasks;
                    queues.is_polled(name, by, span, self.now)
                }
            }
        })
    }

    fn has_pinned_runs(&self, version: &DeploymentVersion) -> Result<bool, Error> {
        Ok(self.namespace.pinned_runs(self.store, version)? > 0)
    }

    fn has_backlog(&self, version: &DeploymentVersion, ty: QueueType, queue: &str) -> bool {
        let waiting = match ty {
            QueueType::Workflow => self.namespace.workflow_tasks.backlog(queue, Some(version)),
            QueueType::Activity => self.namespace.activity_tasks.backlog(queue, Some(version)),
        };
        waiting > 0
    }
}

/// The states in which a namespace takes most requests.
const AT_WORK: &[NamespaceState] = &[NamespaceState::Registered, NamespaceState::Deprecated];
/// The states in which a namespace starts workflows.
const STARTS_WORKFLOWS: &[NamespaceState] = &[NamespaceState::Registered];
/// The real server's own namespace; nobody else may have the name.
pub(crate) const SYSTEM: &str = "temporal-system";

fn too_long() -> Error {
    Error::Invalid("Namespace length exceeds limit.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;

    #[test]
    fn a_namespace_is_registered_once() {
        let namespaces = Namespaces::default();
        let store = MemoryStore::new("cluster".to_owned());
        let register = || namespaces.register(&store, "a", "id".to_owned(), Settings::default());
        assert!(register().is_ok());
        assert!(matches!(register(), Err(Error::NamespaceExists(name)) if name == "a"));
        assert!(namespaces.find("a").is_ok());
        assert!(namespaces.find_by_id("id").is_ok());
        assert!(matches!(
            namespaces.find("b"),
            Err(Error::NamespaceNotFound(name)) if name == "b"
        ));
    }
}

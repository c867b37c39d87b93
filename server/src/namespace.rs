//! Namespaces and their settings, queues and search attributes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use durably_history::{DeploymentVersion, LONGEST_ID, Route, Start, Time, checked_version};
use durably_proto::api::common::v1::SearchAttributes;

use crate::deployment::{Deployments, QueueType};
use crate::error::{Error, StoreError};
use crate::matching::matcher::PriorityLevel;
use crate::matching::offer::{ActivityOffer, WorkflowOffer};
use crate::matching::query::DirectQueries;
use crate::matching::queue::QueueKind;
use crate::matching::queues::Queues;
use crate::store::{Settings, Store, StoredNamespace};
use crate::visibility::attributes::Attributes;
use crate::visibility::values;

/// All namespaces, by name.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    by_name: RwLock<BTreeMap<Arc<str>, Arc<Namespace>>>,
    /// Locked while a namespace is added; requests find the others meanwhile.
    adding: Mutex<()>,
}

/// One namespace and everything that is not shared between namespaces.
#[derive(Debug)]
pub(crate) struct Namespace {
    pub(crate) name: Arc<str>,
    pub(crate) id: String,
    pub(crate) settings: Settings,
    /// Workflow tasks and direct queries on offer.
    pub(crate) workflow_tasks: Queues<WorkflowOffer>,
    /// Activity tasks on offer.
    pub(crate) activity_tasks: Queues<ActivityOffer>,
    /// Polls for Nexus tasks, which nothing sends yet.
    pub(crate) nexus_tasks: Queues<Infallible>,
    /// Direct queries without an answer yet.
    pub(crate) queries: DirectQueries,
    /// The search attributes executions may carry.
    attributes: RwLock<Attributes>,
    /// The worker deployments. Locked while a task is added to a queue, so that no task is added where a
    /// change has just taken the others away.
    deployments: RwLock<Deployments>,
    /// Locked while the search attributes or the deployments are changed; requests read them meanwhile.
    changing: Mutex<()>,
}

impl Namespaces {
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
        let namespace = Namespace::new(StoredNamespace {
            name: name.into(),
            id,
            settings,
            attributes: Vec::new(),
            deployments: Vec::new(),
        });
        let facts = namespace.facts(&namespace.attributes(), &namespace.deployments());
        store.put_namespace(&facts)?;
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        by_name.insert(Arc::clone(&namespace.name), Arc::new(namespace));
        Ok(())
    }

    fn contains(&self, name: &str) -> bool {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        by_name.contains_key(name)
    }

    /// Adds a namespace that is in the store.
    pub(crate) fn add_stored(&self, stored: StoredNamespace) {
        let namespace = Namespace::new(stored);
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        by_name.insert(Arc::clone(&namespace.name), Arc::new(namespace));
    }

    /// The namespace of that name.
    pub(crate) fn find(&self, name: &str) -> Result<Arc<Namespace>, Error> {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        match by_name.get(name) {
            Some(namespace) => Ok(Arc::clone(namespace)),
            None if name.is_empty() => Err(Error::Invalid("Namespace is empty.".into())),
            None if name.len() > LONGEST_ID => Err(too_long()),
            None => Err(Error::NamespaceNotFound(name.to_owned())),
        }
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
    fn new(stored: StoredNamespace) -> Self {
        let mut attributes = Attributes::new();
        for (name, value_type) in stored.attributes {
            attributes.add(&name, value_type);
        }
        Self {
            name: stored.name,
            id: stored.id,
            settings: stored.settings,
            workflow_tasks: Queues::new(),
            activity_tasks: Queues::new(),
            nexus_tasks: Queues::new(),
            queries: DirectQueries::default(),
            attributes: RwLock::new(attributes),
            deployments: RwLock::new(Deployments::stored(stored.deployments)),
            changing: Mutex::default(),
        }
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
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = self.attributes().clone();
        change(&mut changed)?;
        store.put_namespace(&self.facts(&changed, &self.deployments()))?;
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

    /// Changes the deployments, unless the change fails; they are durable on return. Tasks that wait in
    /// queues go to the workers to which they belong now.
    pub(crate) fn change_deployments<E: From<StoreError>>(
        &self,
        store: &dyn Store,
        now: Time,
        change: impl FnOnce(&mut Deployments) -> Result<(), E>,
    ) -> Result<(), E> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = self.deployments().clone();
        change(&mut changed)?;
        store.put_namespace(&self.facts(&self.attributes(), &changed))?;
        let deployments = self.deployments.write();
        let mut deployments = deployments.unwrap_or_else(PoisonError::into_inner);
        *deployments = changed;
        let destination = |queue: &str, offer: &WorkflowOffer| {
            let workflow_id = &offer.run().execution.workflow_id;
            deployments.destination(QueueType::Workflow, queue, offer.route(), workflow_id)
        };
        self.workflow_tasks.redistribute(destination, now);
        let destination = |queue: &str, offer: &ActivityOffer| {
            let workflow_id = &offer.run.execution.workflow_id;
            deployments.destination(QueueType::Activity, queue, &offer.route, workflow_id)
        };
        self.activity_tasks.redistribute(destination, now);
        Ok(())
    }

    /// Adds a task queue to the version of a worker that polls it, if it is new.
    pub(crate) fn register_poll(
        &self,
        store: &dyn Store,
        version: &DeploymentVersion,
        ty: QueueType,
        queue: &str,
        now: Time,
    ) -> Result<(), Error> {
        if self.deployments().has(version, ty, queue) {
            return Ok(());
        }
        self.change_deployments(store, now, |deployments| {
            deployments.register(version, ty, queue, now);
            Ok(())
        })
    }

    /// Offers a workflow task or a query to the workers that may take it.
    pub(crate) fn offer_workflow_task(
        &self,
        queue: &Arc<str>,
        kind: QueueKind,
        level: PriorityLevel,
        offer: WorkflowOffer,
        now: Time,
    ) {
        let deployments = self.deployments();
        let workflow_id = &offer.run().execution.workflow_id;
        let version = match kind {
            QueueKind::Normal => {
                deployments.destination(QueueType::Workflow, queue, offer.route(), workflow_id)
            }
            QueueKind::Sticky => None,
        };
        let queues = &self.workflow_tasks;
        queues.offer(queue, version.as_ref(), kind, level, offer, now);
    }

    /// Offers an activity task to the workers that may take it.
    pub(crate) fn offer_activity_task(
        &self,
        queue: &Arc<str>,
        level: PriorityLevel,
        offer: ActivityOffer,
        now: Time,
    ) {
        let deployments = self.deployments();
        let workflow_id = &offer.run.execution.workflow_id;
        let version =
            deployments.destination(QueueType::Activity, queue, &offer.route, workflow_id);
        let queues = &self.activity_tasks;
        queues.offer(
            queue,
            version.as_ref(),
            QueueKind::Normal,
            level,
            offer,
            now,
        );
    }

    /// Checks that workers of the version to which an override sends the run poll its task queue.
    pub(crate) fn check_override(&self, start: &Start) -> Result<(), Error> {
        let given = start.versioning_override.as_ref();
        let Some(version) = given.and_then(checked_version) else {
            return Ok(());
        };
        let queue = &start.task_queue;
        match self.deployments().has(&version, QueueType::Workflow, queue) {
            true => Ok(()),
            false => Err(Error::Precondition(format!(
                "Pinned version '{version}' is not present in task queue '{queue}' of type 'Workflow'"
            ))),
        }
    }

    /// Whether a run stays on its version with its next workflow task, so that its sticky worker may
    /// take that.
    pub(crate) fn stays(&self, queue: &str, route: &Route, workflow_id: &str) -> bool {
        match route {
            Route::Pinned(_) => true,
            Route::Unpinned(version) => {
                let deployments = self.deployments();
                let target = deployments.target(QueueType::Workflow, queue, workflow_id);
                target.version == *version
            }
        }
    }

    fn facts(&self, attributes: &Attributes, deployments: &Deployments) -> StoredNamespace {
        let custom = attributes.custom();
        StoredNamespace {
            name: Arc::clone(&self.name),
            id: self.id.clone(),
            settings: self.settings.clone(),
            attributes: custom.map(|(name, ty)| (name.to_owned(), ty)).collect(),
            deployments: deployments.all().cloned().collect(),
        }
    }
}

/// The real server's own namespace; nobody else may have the name.
const SYSTEM: &str = "temporal-system";

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

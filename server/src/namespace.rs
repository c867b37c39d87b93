//! Namespaces and their settings, queues and search attributes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use durably_history::LONGEST_ID;
use durably_proto::api::common::v1::SearchAttributes;

use crate::error::Error;
use crate::matching::offer::{ActivityOffer, WorkflowOffer};
use crate::matching::query::DirectQueries;
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
    /// Locked while the search attributes are changed; requests read them meanwhile.
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
        });
        store.put_namespace(&namespace.facts(&namespace.attributes()))?;
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
        store.put_namespace(&self.facts(&changed))?;
        let mut attributes = self
            .attributes
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *attributes = changed;
        Ok(())
    }

    fn facts(&self, attributes: &Attributes) -> StoredNamespace {
        let custom = attributes.custom();
        StoredNamespace {
            name: Arc::clone(&self.name),
            id: self.id.clone(),
            settings: self.settings.clone(),
            attributes: custom.map(|(name, ty)| (name.to_owned(), ty)).collect(),
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

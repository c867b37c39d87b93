//! Namespaces and their settings, queues and visibility index.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use durably_history::LONGEST_ID;

use crate::error::Error;
use crate::execution::offer::{ActivityOffer, WorkflowOffer};
use crate::matching::query::DirectQueries;
use crate::matching::queues::Queues;
use crate::visibility::Visibility;
use crate::visibility::attributes::Attributes;

/// All namespaces, by name.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    by_name: RwLock<BTreeMap<Arc<str>, Arc<Namespace>>>,
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
    pub(crate) visibility: Visibility,
    /// The search attributes executions may carry.
    pub(crate) attributes: RwLock<Attributes>,
}

/// Settings of a namespace.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) description: String,
    pub(crate) owner_email: String,
    pub(crate) retention: Duration,
    pub(crate) data: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            description: String::new(),
            owner_email: String::new(),
            retention: DEFAULT_RETENTION,
            data: BTreeMap::new(),
        }
    }
}

impl Namespaces {
    /// Adds a namespace.
    pub(crate) fn register(&self, name: &str, id: String, settings: Settings) -> Result<(), Error> {
        if name.len() > LONGEST_ID {
            return Err(too_long());
        }
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        if by_name.contains_key(name) || name == SYSTEM {
            return Err(Error::NamespaceExists(name.to_owned()));
        }
        let name: Arc<str> = name.into();
        let namespace = Namespace {
            name: Arc::clone(&name),
            id,
            settings,
            workflow_tasks: Queues::new(),
            activity_tasks: Queues::new(),
            nexus_tasks: Queues::new(),
            queries: DirectQueries::default(),
            visibility: Visibility::default(),
            attributes: RwLock::new(Attributes::new()),
        };
        by_name.insert(name, Arc::new(namespace));
        Ok(())
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

/// The real server's own namespace; nobody else may have the name.
const SYSTEM: &str = "temporal-system";

fn too_long() -> Error {
    Error::Invalid("Namespace length exceeds limit.".to_owned())
}

/// The development server's own: a day.
const DEFAULT_RETENTION: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_registered_once() {
        let namespaces = Namespaces::default();
        let register = || namespaces.register("a", "id".to_owned(), Settings::default());
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

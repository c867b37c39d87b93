//! Settings of a namespace.

use std::collections::BTreeMap;
use std::time::Duration;

use durably_history::Time;
use durably_proto::api::enums::v1::NamespaceState;

/// Settings of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) description: String,
    pub(crate) owner_email: String,
    /// How long closed runs are kept.
    pub(crate) retention: Duration,
    pub(crate) data: BTreeMap<String, String>,
    /// A deprecated namespace starts no workflows; a deleted one waits for its removal.
    pub(crate) state: NamespaceState,
    /// When a deleted namespace is removed.
    pub(crate) removal: Removal,
}

/// When a deleted namespace is removed, which stays described until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// So long after its workflows are removed, which are not yet.
    After(Duration),
    /// At that time: its workflows are removed.
    At(Time),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            description: String::new(),
            owner_email: String::new(),
            retention: DEFAULT_RETENTION,
            data: BTreeMap::new(),
            state: NamespaceState::Registered,
            removal: Removal::After(Duration::ZERO),
        }
    }
}

/// The development server's own: a day.
const DEFAULT_RETENTION: Duration = Duration::from_secs(24 * 3600);

//! Settings of a namespace.

use std::collections::BTreeMap;
use std::time::Duration;

/// Settings of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) description: String,
    pub(crate) owner_email: String,
    /// How long closed runs are kept.
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

/// The development server's own: a day.
const DEFAULT_RETENTION: Duration = Duration::from_secs(24 * 3600);

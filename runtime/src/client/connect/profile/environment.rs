//! The environment variables that configure connections.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use super::wrong;
use crate::error::ConnectError;

const META: &str = "TEMPORAL_GRPC_META_";
/// One that is set asks for TLS.
pub(super) const TLS_VARIABLES: [&str; 9] = [
    "TEMPORAL_TLS",
    "TEMPORAL_TLS_CLIENT_CERT_PATH",
    "TEMPORAL_TLS_CLIENT_CERT_DATA",
    "TEMPORAL_TLS_CLIENT_KEY_PATH",
    "TEMPORAL_TLS_CLIENT_KEY_DATA",
    "TEMPORAL_TLS_SERVER_CA_CERT_PATH",
    "TEMPORAL_TLS_SERVER_CA_CERT_DATA",
    "TEMPORAL_TLS_SERVER_NAME",
    "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION",
];

/// The environment variables of this process, or those of a test.
pub(in crate::client::connect) struct Environment(pub(super) BTreeMap<String, String>);

impl Environment {
    pub(in crate::client::connect) fn of_process() -> Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            Some((name, value.to_string_lossy().into_owned()))
        });
        Self(variables.collect())
    }

    /// A variable; an empty one is not set.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|it| !it.is_empty())
    }

    /// Whether a variable asks for TLS.
    pub(super) fn has_any_of_tls(&self) -> bool {
        TLS_VARIABLES.iter().any(|name| self.get(name).is_some())
    }

    /// The variables of TLS that nobody reads, such as those of an older CLI.
    pub(super) fn unknown_of_tls(&self) -> impl Iterator<Item = &str> {
        let names = self.0.keys().map(String::as_str);
        names.filter(|name| name.starts_with("TEMPORAL_TLS_") && !TLS_VARIABLES.contains(name))
    }

    pub(super) fn bool(&self, name: &str) -> Result<Option<bool>, ConnectError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        match &*value.to_ascii_lowercase() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => Err(wrong(format!(
                "`{value}` is no value of {name}: it is `true` or `false`"
            ))),
        }
    }

    /// The headers that variables set, and those that an empty variable removes.
    pub(super) fn headers(&self) -> impl Iterator<Item = (String, &str)> {
        self.0.iter().filter_map(|(name, value)| {
            let name = name.strip_prefix(META)?;
            Some((header(name), value.as_str()))
        })
    }

    /// `temporalio/temporal.toml` in the folder for the configuration of the user's programs.
    pub(super) fn default_file(&self) -> Option<PathBuf> {
        let home = || std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        let folder = if cfg!(windows) {
            self.get("APPDATA").map(PathBuf::from)
        } else if cfg!(target_vendor = "apple") {
            home().map(|home| home.join("Library/Application Support"))
        } else {
            let folder = self.get("XDG_CONFIG_HOME").map(PathBuf::from);
            let folder = folder.filter(|it| it.is_absolute());
            folder.or_else(|| home().map(|home| home.join(".config")))
        };
        Some(folder?.join("temporalio").join("temporal.toml"))
    }
}

/// As headers are named in HTTP.
pub(super) fn header(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// Keys and data are not shown.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

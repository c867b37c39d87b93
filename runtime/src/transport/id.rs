//! Names we give ourselves and what we start.

use std::fs;

use uuid::Uuid;

/// A random id: of a request, so that the server knows it again when it is repeated, or of a
/// workflow that was given none.
pub(crate) fn random() -> String {
    Uuid::new_v4().hyphenated().to_string()
}

/// `process@host`, as the other SDKs call themselves.
pub(crate) fn identity() -> String {
    format!("{}@{}", std::process::id(), host_name())
}

/// The name of this machine.
pub(crate) fn host_name() -> String {
    let named = |variable| std::env::var(variable).ok();
    fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| named("HOSTNAME"))
        .or_else(|| named("COMPUTERNAME"))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

//! Messages to domain types and back: the only place where an `Option` from protobuf is opened.

pub(crate) mod command;
mod error;
pub(crate) mod event;
pub(crate) mod failure;
#[cfg(feature = "replay")]
pub(crate) mod json;
pub(crate) mod payload;
pub(crate) mod status;
pub(crate) mod task;
pub(crate) mod time;

pub(crate) use self::error::{Fault, WireError};

/// Name of the marker that all SDKs write for a patch.
const PATCH_MARKER: &str = "core_patch";
/// Key under which the marker of a patch keeps its [`PatchData`].
const PATCH_DATA: &str = "patch-data";
/// The search attribute that lists the patches of a run.
const CHANGE_VERSION: &str = "TemporalChangeVersion";

/// What the marker of a patch says, as JSON.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct PatchData {
    id: String,
    deprecated: bool,
}

//! Patch: a marker that says which branch of changed code this run took.
//!
//! | history            | code            | replay                                             |
//! |--------------------|-----------------|----------------------------------------------------|
//! | marker             | `patched`       | true, and matches the marker                       |
//! | no marker          | `patched`       | false; the caller issues nothing                   |
//! | marker             | neither         | mismatch                                           |
//! | deprecated marker  | any             | the marker is passed over if nothing matches it    |
//! | any                | `deprecate`     | goes on; matches a marker if there is one          |
//!
//! Beside each marker the indexed attribute `TemporalChangeVersion` lists all patches of the run,
//! so that runs can be found by them. Histories of older SDKs lack it, so it is never insisted on.

use std::collections::BTreeMap;

use super::{AnyOnce, Once};
use crate::{Command, CommandEvent, CommandSummary, TaskCompletion};

/// Longest list of patches, as JSON, that the server takes as an indexed attribute.
const LIST_LIMIT: usize = 2048;

/// The patches of a run.
#[derive(Debug, Default)]
pub(crate) struct Patches {
    /// By id: whether this run has issued it. An id is added when history or user code names it.
    known: BTreeMap<String, bool>,
    /// Length of the list of all ids, as JSON.
    list_length: usize,
}

impl Patches {
    /// History holds the marker.
    pub(crate) fn record_marker(&mut self, id: &str) {
        if !self.known.contains_key(id) {
            self.insert(id.to_owned(), false);
        }
    }

    fn insert(&mut self, id: String, issued: bool) {
        // Two quotes and a comma.
        let length = id.len() + 3;
        if self.known.insert(id, issued).is_none() {
            self.list_length += length;
        }
    }

    /// User code set the patch: the commands that record it, none if it is recorded already.
    pub(crate) fn set(
        &mut self,
        id: String,
        deprecated: bool,
        replaying: bool,
    ) -> impl Iterator<Item = AnyOnce> {
        let in_history = self.known.contains_key(&id);
        let issued = self.known.get(&id).copied().unwrap_or(false);
        let mut commands = [None, None];
        if !issued && (in_history || !(replaying && deprecated)) {
            self.insert(id.clone(), true);
            commands[0] = Some(AnyOnce::Patch(Patch { id, deprecated }));
            if self.list_length < LIST_LIMIT {
                let ids = self.known.keys().cloned().collect();
                commands[1] = Some(AnyOnce::PatchList(PatchList { ids }));
            }
        }
        commands.into_iter().flatten()
    }
}

#[derive(Debug)]
pub(crate) struct Patch {
    id: String,
    deprecated: bool,
}

impl Once for Patch {
    fn summary(&self) -> CommandSummary {
        CommandSummary::MarkPatch {
            id: self.id.clone(),
        }
    }

    fn send(&mut self, out: &mut TaskCompletion) {
        out.commands.push(Command::MarkPatch {
            id: self.id.clone(),
            deprecated: self.deprecated,
        });
    }

    fn left(&self, event: &CommandEvent) -> bool {
        matches!(event, CommandEvent::PatchMarked { id, .. } if *id == self.id)
    }

    fn is_optional(&self) -> bool {
        self.deprecated
    }
}

#[derive(Debug)]
pub(crate) struct PatchList {
    ids: Vec<String>,
}

impl Once for PatchList {
    fn summary(&self) -> CommandSummary {
        CommandSummary::UpsertPatches
    }

    fn send(&mut self, out: &mut TaskCompletion) {
        out.commands.push(Command::UpsertPatches {
            ids: std::mem::take(&mut self.ids),
        });
    }

    fn left(&self, event: &CommandEvent) -> bool {
        let CommandEvent::SearchAttributesUpserted {
            only_change_version,
        } = event
        else {
            return false;
        };
        *only_change_version
    }

    fn is_optional(&self) -> bool {
        true
    }
}

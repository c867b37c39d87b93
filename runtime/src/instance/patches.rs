//! Changing the code of running workflows.

use std::{cell::RefCell, collections::BTreeMap, panic::Location};

use durably_engine::Intent;

use super::core::Core;

/// What `patched` answered so far, and what history answers for it, by id.
#[derive(Default)]
pub(crate) struct Patches(RefCell<BTreeMap<String, State>>);

enum State {
    /// History holds its marker, and the code did not ask yet.
    Marked,
    /// The code asked, and was answered so.
    Asked(bool),
}

impl Patches {
    /// History holds the marker of `id`.
    pub(crate) fn record_marker(&self, id: String) {
        self.0.borrow_mut().entry(id).or_insert(State::Marked);
    }
}

impl Core {
    /// Whether the code behind the patch `id` is to run; the same answer for the whole run.
    #[track_caller]
    pub(crate) fn patched(&self, id: &str, deprecated: bool) -> bool {
        let mut patches = self.patches.0.borrow_mut();
        let answer = match patches.get_mut(id) {
            Some(State::Asked(answer)) => return *answer,
            Some(state) => {
                self.assert_commands_allowed();
                *state = State::Asked(true);
                true
            }
            None => {
                self.assert_commands_allowed();
                let answer = !self.facts.get().replaying;
                patches.insert(id.to_owned(), State::Asked(answer));
                answer
            }
        };
        drop(patches);
        if answer {
            let intent = Intent::SetPatch {
                id: id.to_owned(),
                deprecated,
            };
            self.issue(intent, Some(Location::caller()));
        }
        answer
    }
}

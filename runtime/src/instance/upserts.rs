//! Search attributes and memos of a run, as its code changed them.

use std::{cell::RefCell, panic::Location};

use durably_engine::{Header, Intent, Payload, payload::NULL};

use super::core::Core;

/// What the code of a run changed since it began. Boxed, because most runs change nothing.
#[derive(Default)]
pub(crate) struct Upserts(RefCell<Option<Box<Changes>>>);

#[derive(Default)]
struct Changes {
    search_attributes: Header,
    memo: Header,
}

impl Core {
    #[track_caller]
    pub(crate) fn upsert_search_attributes(&self, attributes: Header) {
        self.assert_commands_allowed();
        self.change(|changes| changes.search_attributes.extend(attributes.clone()));
        let intent = Intent::UpsertSearchAttributes { attributes };
        self.issue(intent, Some(Location::caller()));
    }

    #[track_caller]
    pub(crate) fn upsert_memo(&self, memo: Header) {
        self.assert_commands_allowed();
        self.change(|changes| changes.memo.extend(memo.clone()));
        self.issue(Intent::UpsertMemo { memo }, Some(Location::caller()));
    }

    fn change(&self, change: impl FnOnce(&mut Changes)) {
        change(self.upserts.0.borrow_mut().get_or_insert_default());
    }

    /// The search attribute of this name, as it is now.
    pub(crate) fn search_attribute(&self, name: &str) -> Option<Payload> {
        let began_with = &self.start.event.search_attributes;
        self.current(name, began_with, |changes| &changes.search_attributes)
    }

    /// The memo of this name, as it is now.
    pub(crate) fn memo(&self, name: &str) -> Option<Payload> {
        self.current(name, &self.start.event.memo, |changes| &changes.memo)
    }

    fn current(
        &self,
        name: &str,
        began_with: &Header,
        kind: fn(&Changes) -> &Header,
    ) -> Option<Payload> {
        let changes = self.upserts.0.borrow();
        let changed = changes
            .as_deref()
            .and_then(|changes| kind(changes).get(name));
        let current = changed.or_else(|| began_with.get(name))?;
        (current.encoding() != NULL).then(|| current.clone())
    }
}

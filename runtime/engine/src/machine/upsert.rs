//! Changes of what the server shows of a run: search attributes and memos.
//!
//! Each is one command and one event. Replay compares neither names nor values: they are shown to people and
//! to lists, and do not decide what a run does next.

use super::Once;
use crate::{Command, CommandEvent, CommandSummary, Header, TaskCompletion};

/// Sets search attributes, or removes them.
#[derive(Debug)]
pub(crate) struct SearchAttributeUpsert(pub(crate) Header);

impl Once for SearchAttributeUpsert {
    fn summary(&self) -> CommandSummary {
        CommandSummary::UpsertSearchAttributes
    }

    fn send(&mut self, out: &mut TaskCompletion) {
        out.commands.push(Command::UpsertSearchAttributes {
            attributes: std::mem::take(&mut self.0),
        });
    }

    fn left(&self, event: &CommandEvent) -> bool {
        let CommandEvent::SearchAttributesUpserted {
            only_change_version,
        } = event
        else {
            return false;
        };
        !only_change_version
    }
}

/// Sets memos, or removes them.
#[derive(Debug)]
pub(crate) struct MemoUpsert(pub(crate) Header);

impl Once for MemoUpsert {
    fn summary(&self) -> CommandSummary {
        CommandSummary::UpsertMemo
    }

    fn send(&mut self, out: &mut TaskCompletion) {
        out.commands.push(Command::UpsertMemo {
            memo: std::mem::take(&mut self.0),
        });
    }

    fn left(&self, event: &CommandEvent) -> bool {
        matches!(event, CommandEvent::MemoUpserted)
    }
}

//! Commands that nothing answers: they leave one event, and that is all.
//!
//! A new kind is one more file with an `impl Once`, and one more line in `onces!`.

use super::{
    EndRun, MemoUpsert, Patch, PatchList, SearchAttributeUpsert, SideEffectMarker, UpdateStep,
};
use crate::{CommandEvent, CommandSummary, TaskCompletion};

/// What a command that is never answered does.
pub(crate) trait Once {
    /// The command, by what replay compares.
    fn summary(&self) -> CommandSummary;

    /// Adds it to what is sent now.
    fn send(&mut self, out: &mut TaskCompletion);

    /// Whether this is the event it left.
    fn left(&self, event: &CommandEvent) -> bool;

    /// Whether history may lack its event although the same code wrote it.
    fn is_optional(&self) -> bool {
        false
    }

    /// Whether it leaves an event at all.
    fn leaves_event(&self) -> bool {
        true
    }
}

/// The enum of all commands that are never answered, which only delegates.
macro_rules! onces {
    ($($(#[$doc:meta])* $kind:ident),* $(,)?) => {
        #[derive(Debug)]
        pub(crate) enum AnyOnce {
            $($(#[$doc])* $kind($kind),)*
        }

        impl Once for AnyOnce {
            fn summary(&self) -> CommandSummary {
                match self { $(Self::$kind(it) => it.summary(),)* }
            }

            fn send(&mut self, out: &mut TaskCompletion) {
                match self { $(Self::$kind(it) => it.send(out),)* }
            }

            fn left(&self, event: &CommandEvent) -> bool {
                match self { $(Self::$kind(it) => it.left(event),)* }
            }

            fn is_optional(&self) -> bool {
                match self { $(Self::$kind(it) => it.is_optional(),)* }
            }

            fn leaves_event(&self) -> bool {
                match self { $(Self::$kind(it) => it.leaves_event(),)* }
            }
        }
    };
}

onces! {
    /// The marker of a patch.
    Patch,
    /// The indexed list of patches, written beside a marker.
    PatchList,
    /// A change of search attributes.
    SearchAttributeUpsert,
    /// A change of memos.
    MemoUpsert,
    /// The marker of a side effect.
    SideEffectMarker,
    /// One word about an update.
    UpdateStep,
    /// The end of the run.
    EndRun,
}

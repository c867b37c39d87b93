//! Side effect: a marker with a value that workflow code took from outside of the run.
//!
//! The value is an argument of the intent when it is taken, and a job of the slice when it is replayed: user
//! code uses it in the same poll in which it asks for it.

use std::fmt;

use super::Once;
use crate::{Command, CommandEvent, CommandSummary, Payload, TaskCompletion};

/// A value that a run took from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideEffect {
    /// Which one of the run.
    pub id: SideEffectId,
    /// The value.
    pub data: Vec<Payload>,
}

/// One side effect among those of a run.
///
/// ```
/// use durably_engine::SideEffectId;
///
/// let flag = SideEffectId::Mutable { name: "flag".to_owned(), call: 3 };
/// assert_eq!(flag.to_string(), "mutable side effect `flag`, of call 3");
/// assert_eq!(SideEffectId::Once(2).to_string(), "side effect 2");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SideEffectId {
    /// The n-th of those that are recorded once, from 1.
    Once(u64),
    /// One whose value changes.
    Mutable {
        /// What user code calls it.
        name: String,
        /// The call that recorded the value, from 1.
        call: u64,
    },
}

/// Intent: a value from outside of the run was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSideEffect {
    /// Which one of the run.
    pub id: SideEffectId,
    /// The value; none in a replay.
    pub data: Vec<Payload>,
    /// What it is, for people; a JSON string.
    pub summary: Option<Payload>,
}

#[derive(Debug)]
pub(crate) struct SideEffectMarker(pub(crate) Box<RecordSideEffect>);

impl Once for SideEffectMarker {
    fn summary(&self) -> CommandSummary {
        CommandSummary::MarkSideEffect {
            id: self.0.id.clone(),
        }
    }

    fn send(&mut self, out: &mut TaskCompletion) {
        out.commands.push(Command::MarkSideEffect {
            effect: Box::new(SideEffect {
                id: self.0.id.clone(),
                data: std::mem::take(&mut self.0.data),
            }),
            summary: self.0.summary.take(),
        });
    }

    fn left(&self, event: &CommandEvent) -> bool {
        matches!(event, CommandEvent::SideEffectMarked(it) if it.id == self.0.id)
    }
}

impl fmt::Display for SideEffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once(number) => write!(f, "side effect {number}"),
            Self::Mutable { name, call } => {
                write!(f, "mutable side effect `{name}`, of call {call}")
            }
        }
    }
}

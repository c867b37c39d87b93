//! Why a task cannot be handled.

use std::fmt;

use crate::{EventId, Mismatch, Seq};

/// Why a task cannot be handled. The run is of no use afterwards and must be dropped.
#[derive(Clone, Debug, PartialEq)]
pub enum EngineError {
    /// The task begins after something this run does not know, or belongs to another past.
    /// Ask for all of history and begin with a new run.
    CacheMiss {
        /// The next event this run would understand.
        expected: EventId,
        /// The first event of the task.
        found: EventId,
    },
    /// Replay took another path than history. The workflow's code must be mended.
    Mismatch(Box<Mismatch>),
    /// History holds an event this version does not know and may not pass over.
    UnknownEvent {
        /// Its position.
        event: EventId,
        /// Its name, or its number.
        name: String,
    },
    /// History contradicts itself. The server or the file it comes from is at fault.
    MalformedHistory {
        /// The position.
        event: EventId,
        /// What is wrong.
        reason: String,
    },
    /// History ends before the event by which the task was taken: the server has given the task up
    /// while its history was fetched, or returned less than all of it.
    IncompleteHistory {
        /// The last event that was read.
        last: EventId,
        /// The event by which the task was taken.
        started: EventId,
    },
    /// The caller issued an intent that makes no sense; a bug of the caller.
    UnknownCommand {
        /// What was asked.
        intent: &'static str,
        /// The number it names.
        seq: Seq,
    },
    /// The caller gave a number twice, or a smaller one after a greater one; a bug of the caller.
    DuplicateCommand {
        /// What was asked.
        intent: &'static str,
        /// The number it names.
        seq: Seq,
    },
    /// The caller answered for an update the engine does not know; a bug of the caller.
    UnknownUpdate {
        /// What was asked.
        intent: &'static str,
        /// The id it names.
        id: String,
    },
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CacheMiss { expected, found } => write!(
                f,
                "task begins at event {found}, but the cached run goes on at event {expected}"
            ),
            Self::Mismatch(mismatch) => mismatch.fmt(f),
            Self::UnknownEvent { event, name } => write!(
                f,
                "event {event} is a `{name}`, which this version of durably does not understand"
            ),
            Self::MalformedHistory { event, reason } => {
                write!(f, "history contradicts itself at event {event}: {reason}")
            }
            Self::IncompleteHistory { last, started } => write!(
                f,
                "the history of the task ends at event {last}, before event {started} by which the task was taken"
            ),
            Self::UnknownCommand { intent, seq } => {
                write!(f, "{intent} names command {seq}, which was never issued")
            }
            Self::DuplicateCommand { intent, seq } => {
                write!(
                    f,
                    "{intent} gives number {seq}, which is not greater than all before it"
                )
            }
            Self::UnknownUpdate { intent, id } => {
                write!(f, "{intent} names update `{id}`, which is not open")
            }
        }
    }
}

// A mismatch is what its text says, and no cause of it: it would be written twice.
impl std::error::Error for EngineError {}

impl From<Mismatch> for EngineError {
    fn from(mismatch: Mismatch) -> Self {
        Self::Mismatch(Box::new(mismatch))
    }
}

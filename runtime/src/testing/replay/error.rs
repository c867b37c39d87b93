//! Why a history does not replay.

use std::fmt;

use durably_engine::{EngineError, EventId, Mismatch};

use crate::{wire::WireError, worker::registry::listed};

/// Why a history does not replay.
///
/// ```
/// use durably::replay::ReplayError;
///
/// /// Whether the code of today takes another path than the history.
/// fn is_incompatible(error: &ReplayError) -> bool {
///     match error {
///         ReplayError::Mismatch(mismatch) => {
///             println!("event {}: {mismatch}", mismatch.event.0);
///             true
///         }
///         ReplayError::Code { event, message } => panic!("event {}: {message}", event.0),
///         other => panic!("the history was not replayed: {other}"),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ReplayError {
    /// The code took another path than the history. Guard the change with `patched`.
    Mismatch(Box<Mismatch>),
    /// The code panicked, or failed its workflow task in another way. Fix the code.
    Code {
        /// The event that started the workflow task.
        event: EventId,
        /// The failure of the workflow task.
        message: String,
    },
    /// The history is of a workflow type that is not registered with the replayer.
    UnknownType {
        /// The type of the history.
        found: String,
        /// The types that are registered.
        registered: Vec<String>,
    },
    /// The history cannot be read, or this version does not understand it.
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
}

impl ReplayError {
    pub(super) fn unreadable(reason: impl Into<String>) -> Self {
        Self::Unreadable {
            reason: reason.into(),
        }
    }
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // `{:#}` leaves out the advice here, too.
            Self::Mismatch(mismatch) => mismatch.fmt(f),
            Self::Code { event, message } => {
                write!(
                    f,
                    "the workflow task of event {event} fails in the replay: {message}"
                )
            }
            Self::UnknownType { found, registered } => write!(
                f,
                "the history is of workflow type `{found}`, but the replayer was given {}; add it with \
                 `.workflow::<W>()`",
                listed(registered.iter())
            ),
            Self::Unreadable { reason } => write!(f, "the history cannot be replayed: {reason}"),
        }
    }
}

impl std::error::Error for ReplayError {}

impl From<WireError> for ReplayError {
    fn from(error: WireError) -> Self {
        Self::unreadable(error.to_string())
    }
}

impl From<EngineError> for ReplayError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Mismatch(mismatch) => Self::Mismatch(mismatch),
            other => Self::unreadable(other.to_string()),
        }
    }
}

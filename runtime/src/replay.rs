//! Replays recorded histories against workflow code, without a server.
//!
//! ```
//! use durably::{prelude::*, replay::Replayer};
//!
//! #[derive(Default)]
//! struct Greeting;
//!
//! #[workflow]
//! impl Greeting {
//!     #[run]
//!     async fn run(&mut self, name: String) -> String {
//!         format!("Hello, {name}!")
//!     }
//! }
//!
//! # fn check(exported: &str) -> Result<()> {
//! // `temporal workflow show -o json -w greeting-1 > greeting-1.json`
//! let history = durably::History::from_json(exported)?;
//! Replayer::new().workflow::<Greeting>().replay(history)?;
//! # Ok(())
//! # }
//! ```

use std::{collections::BTreeMap, fmt, sync::Arc};

use durably_engine::{EventKind, Task};

use crate::{
    History, Workflow,
    wire::{self, WireError},
    worker::{answer::Failure, driver::Driver},
    workflow::instance::{Host, WorkflowEntry},
};

/// Replays histories against the workflow types it knows.
#[derive(Default)]
pub struct Replayer {
    entries: BTreeMap<&'static str, WorkflowEntry>,
}

impl Replayer {
    /// Knows no workflow type yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a workflow type, in place of one of the same name.
    #[must_use]
    pub fn workflow<W: Workflow>(mut self) -> Self {
        let entry = WorkflowEntry::of::<W>();
        self.entries.insert(entry.name, entry);
        self
    }

    /// Replays a whole history; of a run that is still open, too.
    ///
    /// # Errors
    /// The code takes another path than history recorded, panics, or history cannot be read.
    pub fn replay(&self, history: History) -> Result<(), ReplayError> {
        let mut task = Task {
            workflow_id: history.workflow_id().to_owned(),
            run_id: history.run_id().to_owned(),
            ..Task::default()
        };
        wire::task::append_history(&mut task, history.into_raw())?;
        let Some(EventKind::RunStarted(started)) = task.history.first().map(|event| &event.kind)
        else {
            return Err(ReplayError::NoStart);
        };
        task.workflow_type.clone_from(&started.workflow_type);
        let Some(entry) = self.entries.get(task.workflow_type.as_str()) else {
            return Err(ReplayError::UnknownType {
                workflow_type: task.workflow_type,
                known: self.entries.keys().copied().collect(),
            });
        };
        let host = Host {
            namespace: Arc::from("default"),
        };
        Driver::new(entry, host)
            .drive(task, &mut Vec::new())
            .map(drop)
            .map_err(ReplayError::from)
    }
}

impl fmt::Debug for Replayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Replayer")
            .field(&self.entries.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// Why a history does not replay.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ReplayError {
    /// It does not begin with the start of a run.
    NoStart,
    /// Its workflow type was not added to the [`Replayer`].
    UnknownType {
        /// The type that history names.
        workflow_type: String,
        /// The types that were added.
        known: Vec<&'static str>,
    },
    /// An event cannot be read; the text names it.
    Unreadable(String),
    /// The code took another path than history recorded; the text shows both. Guard the change with
    /// [`Ctx::patched`](crate::Ctx::patched).
    Mismatch(String),
    /// The code failed in a way that would fail the workflow task: it panicked, or its arguments
    /// do not decode.
    TaskFailed(String),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStart => f.write_str("the history does not begin with the start of a run"),
            Self::UnknownType {
                workflow_type,
                known,
            } => write!(
                f,
                "the history is of workflow type `{workflow_type}`, the replayer knows {known:?}; add it with `.workflow::<W>()`"
            ),
            Self::Unreadable(text) | Self::Mismatch(text) | Self::TaskFailed(text) => {
                f.write_str(text)
            }
        }
    }
}

impl std::error::Error for ReplayError {}

impl From<WireError> for ReplayError {
    fn from(error: WireError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl From<Failure> for ReplayError {
    fn from(failure: Failure) -> Self {
        if failure.is_nondeterminism() {
            Self::Mismatch(failure.into_text())
        } else {
            Self::TaskFailed(failure.into_text())
        }
    }
}

//! Replays recorded histories against the code of today: the test that a change is safe for runs
//! that are under way.

use std::{collections::BTreeMap, fmt, sync::Arc};

pub use durably_engine::{CommandSummary, Difference, Ending, EventId, Mismatch};
use durably_engine::{EngineError, EventKind, Fact, Task};

use crate::{
    data::{Converter, Format},
    definition::Workflow,
    driver::{
        Driver,
        instance::{TaskFailure, WorkerInfo, WorkflowEntry},
        local::NoLocalActivities,
    },
    instance::{core::WorkerFacts, waker::ExecutorWaker},
    wire::{self, history::History},
    worker::registry::listed,
};

/// Replays histories of the workflow types that are registered with it.
///
/// ```no_run
/// # use durably::prelude::*;
/// # #[derive(Default)] struct Greeting;
/// # #[workflow] impl Greeting { #[run] async fn run(&mut self, ctx: &Ctx) -> Result<u32> { Ok(1) } }
/// use durably::{client::History, replay::Replayer};
///
/// # fn check() -> Result<()> {
/// let history = History::from_json(&std::fs::read_to_string("greeting.json")?)?;
/// Replayer::new().workflow::<Greeting>().replay(history)?;
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Replayer {
    workflows: BTreeMap<&'static str, WorkflowEntry>,
    /// Replays the types that are not in the map.
    dynamic: Option<WorkflowEntry>,
    converter: Converter,
}

impl Replayer {
    /// A replayer without workflow types.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a workflow type. A dynamic one replays the histories of all types that are not added.
    #[must_use]
    pub fn workflow<W: Workflow>(mut self) -> Self {
        let entry = WorkflowEntry::of::<W>();
        match W::__IS_DYNAMIC {
            true => self.dynamic = Some(entry),
            false => drop(self.workflows.insert(entry.name, entry)),
        }
        self
    }

    /// Reads values in this format in addition to JSON, as the workers of the workflows did.
    ///
    /// ```
    /// # use durably::{data::Format, replay::Replayer};
    /// # fn example(message_pack: impl Format) -> Replayer {
    /// let replayer = Replayer::new().format(message_pack);
    /// # replayer
    /// # }
    /// ```
    #[must_use]
    pub fn format(mut self, format: impl Format) -> Self {
        self.converter = Converter::of(format);
        self
    }

    /// Runs the code of today along a history, to its end.
    ///
    /// # Errors
    /// [`ReplayError::Mismatch`] if the code took another path than the history; the other kinds if
    /// it could not be tried.
    pub fn replay(&self, history: History) -> Result<(), ReplayError> {
        let task = task(history)?;
        let found = self.workflows.get(task.workflow_type.as_str());
        let Some(entry) = found.or(self.dynamic.as_ref()) else {
            return Err(ReplayError::UnknownType {
                found: task.workflow_type,
                registered: self
                    .workflows
                    .keys()
                    .map(|name| (*name).to_owned())
                    .collect(),
            });
        };
        let host = WorkerInfo {
            facts: Arc::new(WorkerFacts {
                namespace: "default".to_owned(),
                converter: self.converter.clone(),
            }),
            local: Arc::new(NoLocalActivities),
            executor: ExecutorWaker::default(),
        };
        let mut driver = Driver::new(entry, host);
        driver.begin(task)?;
        driver.advance::<ReplayError>(|| true)?;
        Ok(())
    }
}

impl fmt::Debug for Replayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replayer")
            .field("workflows", &self.workflows.keys())
            .finish()
    }
}

/// Why a replay did not come to its end.
///
/// ```
/// use durably::replay::ReplayError;
///
/// /// Whether the code of today disagrees with the history.
/// fn is_incompatible(error: &ReplayError) -> bool {
///     match error {
///         ReplayError::Mismatch(mismatch) => {
///             println!("event {}: {mismatch}", mismatch.event.0);
///             true
///         }
///         ReplayError::Code { message } => panic!("{message}"),
///         other => panic!("the history was not replayed: {other}"),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ReplayError {
    /// The code took another path than the history. Guard the change with `patched`.
    Mismatch(Box<Mismatch>),
    /// The code panicked, or failed where it may not. Mend the code.
    Code {
        /// What it said.
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

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch(mismatch) => mismatch.fmt(f),
            Self::Code { message } => {
                write!(f, "the workflow failed while it was replayed: {message}")
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

impl From<wire::WireError> for ReplayError {
    fn from(error: wire::WireError) -> Self {
        Self::Unreadable {
            reason: error.to_string(),
        }
    }
}

impl From<EngineError> for ReplayError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Mismatch(mismatch) => Self::Mismatch(mismatch),
            other => Self::Unreadable {
                reason: other.to_string(),
            },
        }
    }
}

impl From<TaskFailure> for ReplayError {
    fn from(failure: TaskFailure) -> Self {
        Self::Code {
            message: failure.failure.message,
        }
    }
}

impl History {
    /// Reads a history that `temporal workflow show -o json` or the Temporal UI exported.
    ///
    /// ```no_run
    /// use durably::client::History;
    ///
    /// # fn example() -> durably::Result<()> {
    /// // From `temporal workflow show -w order-1 -o json > order.json`.
    /// let history = History::from_json(&std::fs::read_to_string("order.json")?)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The text is no history.
    pub fn from_json(json: &str) -> Result<Self, ReplayError> {
        Ok(Self::from_raw(wire::json::history(json)?))
    }

    /// The history as JSON, the way `temporal workflow show -o json` writes it: other SDKs and
    /// [`from_json`](Self::from_json) read it.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let history = client.handle("order-1").history().await?;
    /// std::fs::write("order.json", history.to_json())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_json(&self) -> String {
        wire::json::write(&self.clone().into_raw())
    }
}

/// A task that replays a history and asks for nothing more. The history itself names the run.
fn task(history: History) -> Result<Task, ReplayError> {
    let mut task = Task::default();
    wire::workflow_task::append_history(&mut task, history.into_raw().events)?;
    let Some(EventKind::Fact(Fact::RunStarted(started))) =
        task.history.first().map(|event| &event.kind)
    else {
        return Err(ReplayError::Unreadable {
            reason: "it does not begin with the start of a run".to_owned(),
        });
    };
    task.workflow_type.clone_from(&started.workflow_type);
    task.workflow_id.clone_from(&started.workflow_id);
    task.run_id.clone_from(&started.original_run_id);
    Ok(task)
}

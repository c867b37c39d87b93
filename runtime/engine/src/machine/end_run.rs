//! The end of a run: the command that ends the run, always the last one of its task.

use std::time::Duration;

use super::Once;
use crate::{
    Command, CommandEvent, CommandSummary, FailureRecord, Header, Payload, RetryPolicy,
    TaskCompletion,
};

/// The next run of the chain. What is not given is taken over from this run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContinueAsNew {
    /// Type of the workflow.
    pub workflow_type: Option<String>,
    /// Arguments.
    pub input: Vec<Payload>,
    /// What travels beside them.
    pub header: Header,
    /// Task queue of its tasks.
    pub task_queue: Option<String>,
    /// Time for the next run.
    pub run_timeout: Option<Duration>,
    /// Time for one of its tasks.
    pub task_timeout: Option<Duration>,
    /// How it is tried again.
    pub retry: Option<RetryPolicy>,
    /// Notes kept with the run.
    pub memo: Option<Header>,
    /// Indexed attributes of the run.
    pub search_attributes: Option<Header>,
    /// Which version of a worker deployment completes its first task; decided by the versioning of this run if not
    /// given.
    pub initial_versioning: Option<InitialVersioning>,
}

/// Which version of a worker deployment completes the first workflow task of a next run. After that task the run has
/// the versioning that its workflow declares.
///
/// Without it, the next run of a pinned one begins on the same version.
///
/// ```
/// use durably_engine::{ContinueAsNew, InitialVersioning};
///
/// let next = ContinueAsNew {
///     initial_versioning: Some(InitialVersioning::AutoUpgrade),
///     ..ContinueAsNew::default()
/// };
/// assert_ne!(next.initial_versioning, None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialVersioning {
    /// The version to which new work goes: the current or the ramping one.
    AutoUpgrade,
    /// The ramping version, whatever its share of the new work is; the current one if none ramps.
    RampingVersion,
}

/// How a run ended by a command of its own.
///
/// ```
/// use durably_engine::{CommandSummary, Ending};
///
/// let completed = CommandSummary::EndRun { ending: Ending::Completed, message: None };
/// assert_eq!(completed.to_string(), "complete the workflow");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With a result.
    Completed,
    /// With a failure.
    Failed,
    /// Cancelled.
    Canceled,
    /// With a next run.
    ContinuedAsNew,
}

impl Ending {
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Completed => "complete the workflow",
            Self::Failed => "fail the workflow",
            Self::Canceled => "end the workflow as cancelled",
            Self::ContinuedAsNew => "continue as new",
        }
    }
}

/// The end of a run: the last intent of user code, and the last command of its task.
#[derive(Clone, Debug, PartialEq)]
pub enum EndRun {
    /// With a result.
    Complete(Vec<Payload>),
    /// With a failure.
    Fail(Box<FailureRecord>),
    /// Cancelled, with details.
    Cancel(Vec<Payload>),
    /// With a next run of the chain. What it does not say is filled in from this run.
    ContinueAsNew(Box<ContinueAsNew>),
}

impl EndRun {
    /// What the event that this leaves says.
    pub const fn ending(&self) -> Ending {
        match self {
            Self::Complete(_) => Ending::Completed,
            Self::Fail(_) => Ending::Failed,
            Self::Cancel(_) => Ending::Canceled,
            Self::ContinueAsNew(_) => Ending::ContinuedAsNew,
        }
    }
}

impl Once for EndRun {
    fn summary(&self) -> CommandSummary {
        let message = match self {
            Self::Fail(failure) => Some(failure.message.clone()),
            Self::Complete(_) | Self::Cancel(_) | Self::ContinueAsNew(_) => None,
        };
        CommandSummary::EndRun {
            ending: self.ending(),
            message,
        }
    }

    fn send(&mut self, out: &mut TaskCompletion) {
        out.ends_run = true;
        let end = std::mem::replace(self, Self::Complete(Vec::new()));
        out.commands.push(Command::EndRun(end));
    }

    fn left(&self, event: &CommandEvent) -> bool {
        matches!(event, CommandEvent::RunEnded(ending) if *ending == self.ending())
    }
}

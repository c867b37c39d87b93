//! Finish: the command that ends the run, always the last one of its task.

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
}

/// How a run ended by a command of its own.
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

#[derive(Debug)]
pub(crate) enum Finish {
    Complete(Vec<Payload>),
    Fail(Box<FailureRecord>),
    Cancel(Vec<Payload>),
    ContinueAsNew(Box<ContinueAsNew>),
}

impl Finish {
    const fn ending(&self) -> Ending {
        match self {
            Self::Complete(_) => Ending::Completed,
            Self::Fail(_) => Ending::Failed,
            Self::Cancel(_) => Ending::Canceled,
            Self::ContinueAsNew(_) => Ending::ContinuedAsNew,
        }
    }
}

impl Once for Finish {
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
        out.commands.push(match self {
            Self::Complete(result) => Command::CompleteRun {
                result: std::mem::take(result),
            },
            Self::Fail(failure) => Command::FailRun {
                failure: std::mem::take(failure.as_mut()),
            },
            Self::Cancel(details) => Command::CancelRun {
                details: std::mem::take(details),
            },
            Self::ContinueAsNew(next) => Command::ContinueAsNew(std::mem::take(next)),
        });
    }

    fn left(&self, event: &CommandEvent) -> bool {
        matches!(event, CommandEvent::RunEnded(ending) if *ending == self.ending())
    }
}

//! Finish: the command that ends the run, always the last one of its task.

use super::Once;
use crate::{Command, ContinueAsNew, Ending, EventKind, FailureRecord, Payload, TaskCompletion};

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
    fn describe(&self) -> String {
        match self {
            Self::Fail(failure) => {
                format!("{} ({})", self.ending().describe(), failure.message)
            }
            _ => self.ending().describe().to_owned(),
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

    fn left(&self, kind: &EventKind) -> bool {
        matches!(kind, EventKind::RunEnded(ending) if *ending == self.ending())
    }
}

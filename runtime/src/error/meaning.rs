//! Classifies the error of a run, handler or activity: cancellation, continue-as-new, completion by a
//! client, or failure.
//!
//! All but a failure keep their meaning inside an error type of the user's. They
//! are found along `source()`, which is all that such a type shows of what it wraps.

use std::{error::Error as StdError, fmt};

use super::{
    ActivityError, AppError, ChildError, Error, Failure, ResultError, RunError, UpdateError,
    WorkflowFailed, continue_as_new::NextRun,
};

/// The effect of an error on the run, handler or activity that returns it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meaning<'a> {
    /// The code that returns it was cancelled: its workflow, a scope of it, or the activity.
    Cancelled,
    /// Something that was waited for was cancelled: an activity, a child, another workflow.
    OtherCancelled,
    /// The activity goes on, and a client reports its result.
    CompleteLater,
    /// The run ends and this one begins.
    ContinueAsNew(&'a NextRun),
    /// It is a failure.
    Failure,
}

/// The source of every error that is a cancellation, or the mark of an activity that is completed later.
///
/// A transparent wrapper (`#[error(transparent)]` of thiserror) returns the source of what it wraps
/// as its own source, and so hides the wrapped error itself. The mark makes the meaning visible
/// behind such a wrapper. It is no cause: the chain of causes leaves it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Stands behind [`Cancelled`](crate::error::Cancelled).
    Cancelled,
    /// Stands behind the cancellation of what was waited for.
    OtherCancelled,
    /// Stands behind [`CompleteLater`](crate::error::CompleteLater).
    CompleteLater,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("as requested")
    }
}

impl StdError for Mark {}

/// Whether the error stands in a chain for its meaning alone, and is no cause.
pub(super) fn is_mark(error: &(dyn StdError + 'static)) -> bool {
    error.is::<Mark>() || error.is::<NextRun>()
}

impl Error {
    /// What the error means to the code that returns it: the outermost error of ours decides.
    pub(crate) fn meaning(&self) -> Meaning<'_> {
        if self.wraps_app() {
            return Meaning::Failure;
        }
        std::iter::successors(Some(self.as_std()), |&error| error.source())
            .find_map(of_one)
            .unwrap_or(Meaning::Failure)
    }
}

/// The meaning of an error without its sources, if it decides by itself.
fn of_one<'a>(error: &'a (dyn StdError + 'static)) -> Option<Meaning<'a>> {
    if let Some(next) = error.downcast_ref::<NextRun>() {
        return Some(Meaning::ContinueAsNew(next));
    }
    if let Some(mark) = error.downcast_ref::<Mark>() {
        return Some(match mark {
            Mark::Cancelled => Meaning::Cancelled,
            Mark::OtherCancelled => Meaning::OtherCancelled,
            Mark::CompleteLater => Meaning::CompleteLater,
        });
    }
    // These decide also when they are failures: what led to a failure may have been cancelled.
    let is_cancelled = if error.is::<AppError>() || error.is::<WorkflowFailed>() {
        false
    } else if let Some(failure) = error.downcast_ref::<Failure>() {
        failure.is_cancelled()
    } else if let Some(activity) = error.downcast_ref::<ActivityError>() {
        activity.is_cancelled()
    } else if let Some(child) = error.downcast_ref::<ChildError>() {
        child.is_cancelled()
    } else if let Some(result) = error.downcast_ref::<ResultError>() {
        result.is_cancelled()
    } else if let Some(run) = error.downcast_ref::<RunError>() {
        run.is_cancelled()
    } else {
        error.downcast_ref::<UpdateError>()?.is_cancelled()
    };
    Some(match is_cancelled {
        true => Meaning::OtherCancelled,
        false => Meaning::Failure,
    })
}

//! Finds Temporal's errors among the causes of another one.

use std::error::Error as StdError;

use super::{ActivityError, AppError, ChildError, Failure};

type Any<'a> = &'a (dyn StdError + 'static);

/// The error and its causes, outermost first.
pub(super) fn of(error: Any<'_>) -> impl Iterator<Item = Any<'_>> {
    std::iter::successors(Some(error), |&error| error.source())
}

pub(super) fn activity(error: Any<'_>) -> Option<&ActivityError> {
    of(error).find_map(|error| match error.downcast_ref() {
        Some(Failure::Activity(activity)) => Some(&**activity),
        _ => error.downcast_ref(),
    })
}

pub(super) fn child(error: Any<'_>) -> Option<&ChildError> {
    of(error).find_map(|error| match error.downcast_ref() {
        Some(Failure::Child(child)) => Some(&**child),
        _ => error.downcast_ref(),
    })
}

pub(super) fn app(error: Any<'_>) -> Option<&AppError> {
    of(error).find_map(|error| match error.downcast_ref() {
        Some(Failure::App(app)) => Some(&**app),
        _ => error.downcast_ref(),
    })
}

/// The cause that an activity, a child, a workflow or a handler failed with.
pub(super) fn failure(error: Any<'_>) -> Option<&Failure> {
    of(error).find_map(|error| error.downcast_ref())
}

//! Finds Temporal's errors among the causes of another one.

use std::{error::Error as StdError, fmt};

use super::{ActivityError, AppError, ChildError, Failure, TypedError, meaning};

type Any<'a> = &'a (dyn StdError + 'static);

/// The error and its causes, outermost first.
pub(super) fn of(error: Any<'_>) -> impl Iterator<Item = Any<'_>> {
    std::iter::successors(Some(error), |&error| cause(error))
}

/// The cause of the error. A mark of [`meaning`] is not a cause.
pub(super) fn cause(error: Any<'_>) -> Option<Any<'_>> {
    error.source().filter(|source| !meaning::is_mark(*source))
}

/// Adds the cause to the text of what it caused.
///
/// Errors that wrap a failure of the server's tell it themselves, because the outer half alone
/// ("activity `charge` failed") helps nobody who prints only that.
pub(super) fn because(f: &mut fmt::Formatter<'_>, cause: &Failure) -> fmt::Result {
    match cause {
        // `was cancelled`, `was terminated`: said already.
        Failure::Cancelled | Failure::Terminated => Ok(()),
        cause => write!(f, ": {cause}"),
    }
}

/// The causes of `error` that its own text leaves out.
pub(super) fn causes_left_out(error: Any<'_>) -> impl Iterator<Item = Any<'_>> {
    let text = error.to_string();
    of(error)
        .skip(1)
        .skip_while(move |cause| text.ends_with(&cause.to_string()))
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

/// The application errors among the error and its causes, outermost first.
pub(super) fn apps(error: Any<'_>) -> impl Iterator<Item = &AppError> {
    of(error).filter_map(app)
}

fn app(error: Any<'_>) -> Option<&AppError> {
    match error.downcast_ref() {
        Some(Failure::App(app)) => Some(app),
        _ => error.downcast_ref(),
    }
}

/// The outermost error of this type; one that was not recorded yet is made again from what would be.
pub(super) fn failed<E: TypedError>(error: Any<'_>) -> Option<E> {
    of(error).find_map(|error| match app(error) {
        Some(app) => app.as_typed(),
        None => AppError::of_typed(error.downcast_ref::<E>()?).as_typed(),
    })
}

/// The cause that an activity, a child, a workflow or a handler failed with.
pub(super) fn failure(error: Any<'_>) -> Option<&Failure> {
    of(error).find_map(|error| error.downcast_ref())
}

/// Declares how the links of a chain are found from each type of error that begins one.
macro_rules! links {
    ($($name:ty),* $(,)?) => { $(
        impl $name {
            /// The outermost application error of the chain of causes.
            ///
            /// [Application errors in a chain](AppError#in-a-chain-of-causes) says which one that is,
            /// and how the others are reached.
            pub fn app(&self) -> Option<&AppError> {
                chain::apps(self).next()
            }

            /// The outermost error of the chain of causes that is an `E`, which has
            /// [`#[derive(durably::Failure)]`](macro@crate::Failure); see
            /// [`Error::failed`](crate::Error::failed).
            pub fn failed<E: TypedError>(&self) -> Option<E> {
                chain::failed(self)
            }

            /// The application errors of the chain of causes, outermost first; see
            /// [application errors in a chain](AppError#in-a-chain-of-causes).
            pub fn apps(&self) -> impl Iterator<Item = &AppError> {
                chain::apps(self)
            }

            /// The error and its causes, outermost first; see
            /// [application errors in a chain](AppError#in-a-chain-of-causes).
            pub fn chain(&self) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
                chain::of(self)
            }
        }
    )* };
}
pub(super) use links;

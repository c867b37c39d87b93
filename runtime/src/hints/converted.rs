//! Bounds on conversions of errors, with the compiler's words for types that have none.

use std::{error::Error as StdError, marker::PhantomData};

use crate::error::{CompleteLater, ContinueAsNew};

/// The errors that `?` converts: those that own what they hold and may move between threads.
// Of these words rustc prints the label alone where a `?` does not fit.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error that can become a `durably::Error`",
    label = "not an error type; make one of it: `Error::message(..)`, or `.map_err(Error::from_boxed)` for `anyhow::Error`, `eyre::Report` and boxed errors",
    note = "an error type implements `std::error::Error + Send + Sync + 'static` (thiserror does)"
)]
pub trait OwnedError: StdError + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<E: StdError + Send + Sync + 'static> OwnedError for E {}

/// A field that is the source of an error without being one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error, and the field is the source of one",
    label = "not an error type",
    note = "a field with `#[from]`, `#[source]` or the name `source` is the cause of the failure and not among its data; give a field with data another name"
)]
pub trait HoldsError {}

#[diagnostic::do_not_recommend]
impl<E> HoldsError for Option<E> {}

/// An error type that `run` can return a continue-as-new in.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold a continue-as-new",
    label = "`{Self}` does not implement `From<durably::ContinueAsNew>`",
    note = "add a variant for it: `#[error(transparent)] ContinueAsNew(#[from] durably::ContinueAsNew)` with thiserror; or return `durably::Result<T>`"
)]
pub trait HoldsContinueAsNew {
    #[doc(hidden)]
    fn hold(next: ContinueAsNew) -> Self;
}

#[diagnostic::do_not_recommend]
impl<E: From<ContinueAsNew>> HoldsContinueAsNew for E {
    fn hold(next: ContinueAsNew) -> Self {
        next.into()
    }
}

/// An error type in which an activity can say that it is completed later.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the mark of an activity that is completed later",
    label = "`{Self}` does not implement `From<durably::error::CompleteLater>`",
    note = "add a variant for it: `#[error(transparent)] CompleteLater(#[from] durably::error::CompleteLater)` with thiserror; or return `durably::Result<T>`"
)]
pub trait HoldsCompleteLater {
    #[doc(hidden)]
    fn hold(later: CompleteLater) -> Self;
}

#[diagnostic::do_not_recommend]
impl<E: From<CompleteLater>> HoldsCompleteLater for E {
    fn hold(later: CompleteLater) -> Self {
        later.into()
    }
}

/// An error type that a text is converted into.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not made from a text",
    label = "write `Err(Error::message(\"..\"))`, with `durably::Result<T>` as the return type, or return an error of a type of your own"
)]
pub trait MadeFrom<T> {}

#[diagnostic::do_not_recommend]
impl<T, E: From<T>> MadeFrom<T> for E {}

/// The error type of a function that makes errors from texts. An expansion names it as the type of a constant:
/// rustc checks those before bodies, where it would report the conversion.
#[derive(Debug)]
pub struct ErrorOf<T, E: MadeFrom<T>>(PhantomData<(T, E)>);

//! What the methods of users return.

use crate::{
    data::{Spelled, reject},
    error::{Error, Result, TypedError},
    hints::returned::Refusal,
};

/// Splits a `Result` behind a type name that ends in `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is named like a `Result` but is not one",
    label = "a return type whose name ends in `Result` is taken for one",
    note = "return `durably::Result<{Self}>`, or import the type under another name"
)]
pub trait Outcome {
    /// The success.
    type Ok;
    /// The error.
    type Err;
    #[doc(hidden)]
    fn into_result(self) -> std::result::Result<Self::Ok, Self::Err>;
}
impl<T, E> Outcome for std::result::Result<T, E> {
    type Ok = T;
    type Err = E;
    fn into_result(self) -> Self {
        self
    }
}

/// The result of a validator.
#[diagnostic::on_unimplemented(
    message = "`{Self}` neither accepts nor rejects an update",
    label = "a validator returns `Result<(), E>`, where `E` implements `Display`"
)]
pub trait Verdict {
    #[doc(hidden)]
    fn into_verdict(self) -> Result<()>;
}
impl<E: Refusal> Verdict for std::result::Result<(), E> {
    fn into_verdict(self) -> Result<()> {
        reject(self)
    }
}

/// The conversion of a verdict, if its error has `#[derive(durably::Failure)]`.
pub trait ByVerdict<V> {
    #[doc(hidden)]
    fn verdict_by(&self, plain: fn(V) -> Result<()>) -> fn(V) -> Result<()>;
}
impl<E: TypedError> ByVerdict<std::result::Result<(), E>> for &Spelled<std::result::Result<(), E>> {
    fn verdict_by(
        &self,
        _: fn(std::result::Result<(), E>) -> Result<()>,
    ) -> fn(std::result::Result<(), E>) -> Result<()> {
        |verdict| verdict.map_err(Error::from_typed)
    }
}

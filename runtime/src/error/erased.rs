//! Conversions from and to `anyhow::Error`, `eyre::Report` and boxed errors.
//!
//! `durably::Error` does not implement `std::error::Error`: only so can `?` convert every error type
//! into it. The price is that each conversion to another erased type is an `impl` of its own.

#[cfg(feature = "eyre")]
use std::panic::Location;
use std::{any::Any, error::Error as StdError};

use super::{AppError, Error, any::AnyError};
use crate::data::type_name;

type Boxed = Box<dyn StdError + Send + Sync>;

/// An error whose type was erased before it became a `durably::Error`.
pub(super) enum Erased {
    Boxed {
        error: Boxed,
        /// What it was before it was boxed, if that says anything.
        type_name: &'static str,
    },
    #[cfg(feature = "anyhow")]
    Anyhow(anyhow::Error),
    #[cfg(feature = "eyre")]
    Eyre(eyre::Report),
}

impl Error {
    /// An error from an `anyhow::Error`, an `eyre::Report`, a `Box<dyn Error + Send + Sync>` or a
    /// text, which `?` cannot take.
    ///
    /// Its causes are kept, and what it holds is found by [`downcast_ref`](Self::downcast_ref) and
    /// the shorthands beside it, for reports with the features `anyhow` and `eyre`. It is recorded
    /// with the type `Error`, because the name of the type is lost; an error of durably's that it
    /// holds is recorded as what it is.
    ///
    /// ```
    /// use durably::prelude::*;
    ///
    /// fn parse(text: &str) -> anyhow::Result<u64> {
    ///     Ok(text.parse()?)
    /// }
    ///
    /// #[activity(start_to_close = "10s")]
    /// async fn double(text: String) -> Result<u64> {
    ///     let number = parse(&text).map_err(Error::from_boxed)?;
    ///     Ok(2 * number)
    /// }
    /// ```
    pub fn from_boxed(error: impl Into<Boxed> + 'static) -> Self {
        take(error).unwrap_or_else(from_other)
    }
}

/// The error of a type that is known here, or itself again.
fn take<E: 'static>(error: E) -> Result<Error, E> {
    let mut held = Some(error);
    let any: &mut dyn Any = &mut held;
    if let Some(error) = any.downcast_mut::<Option<Error>>().and_then(Option::take) {
        return Ok(error);
    }
    #[cfg(feature = "anyhow")]
    if let Some(error) = any.downcast_mut().and_then(Option::take) {
        return Ok(Error::erased(Erased::Anyhow(error)));
    }
    #[cfg(feature = "eyre")]
    if let Some(report) = any.downcast_mut().and_then(Option::take) {
        return Ok(Error::erased(Erased::Eyre(report)));
    }
    Err(held.expect("what was taken was returned"))
}

fn from_other<E: Into<Boxed> + 'static>(error: E) -> Error {
    let any: &dyn Any = &error;
    let type_name = match any.is::<Boxed>() || any.is::<String>() || any.is::<&str>() {
        true => AppError::PLAIN,
        false => type_name::bare::<E>(),
    };
    Error::erased(Erased::Boxed {
        error: error.into(),
        type_name,
    })
}

impl Erased {
    /// The error as an `E`, which it is known to be.
    pub(super) fn downcast<E: StdError + Send + Sync + 'static>(self) -> Option<E> {
        match self {
            Self::Boxed { error, .. } => error.downcast().ok().map(|error| *error),
            #[cfg(feature = "anyhow")]
            Self::Anyhow(error) => error.downcast().ok(),
            #[cfg(feature = "eyre")]
            Self::Eyre(report) => report.downcast().ok(),
        }
    }
}

impl AnyError for Erased {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Boxed { type_name, .. } => type_name,
            #[cfg(feature = "anyhow")]
            Self::Anyhow(_) => AppError::PLAIN,
            #[cfg(feature = "eyre")]
            Self::Eyre(_) => AppError::PLAIN,
        }
    }

    fn as_std(&self) -> &(dyn StdError + 'static) {
        match self {
            Self::Boxed { error, .. } => &**error,
            #[cfg(feature = "anyhow")]
            Self::Anyhow(error) => error.as_ref(),
            #[cfg(feature = "eyre")]
            Self::Eyre(report) => report.as_ref(),
        }
    }

    fn into_std(self: Box<Self>) -> Boxed {
        match *self {
            Self::Boxed { error, .. } => error,
            // Without its backtrace, for which the type of the error would be hidden.
            #[cfg(feature = "anyhow")]
            Self::Anyhow(error) => error.reallocate_into_boxed_dyn_error_without_backtrace(),
            #[cfg(feature = "eyre")]
            Self::Eyre(report) => report.into(),
        }
    }

    #[cfg(feature = "anyhow")]
    fn into_anyhow(self: Box<Self>) -> anyhow::Error {
        match *self {
            Self::Anyhow(error) => error,
            other => anyhow::Error::from_boxed(Box::new(other).into_std()),
        }
    }

    #[cfg(feature = "eyre")]
    fn into_eyre(self: Box<Self>, location: &'static Location<'static>) -> eyre::Report {
        match *self {
            Self::Eyre(report) => report,
            other => located(eyre::eyre!(Box::new(other).into_std()), location),
        }
    }
}

impl From<Error> for Boxed {
    fn from(error: Error) -> Self {
        error.into_std()
    }
}

impl From<Error> for Box<dyn StdError + Send> {
    fn from(error: Error) -> Self {
        error.into_std()
    }
}

impl From<Error> for Box<dyn StdError> {
    fn from(error: Error) -> Self {
        error.into_std()
    }
}

/// Keeps the error itself, so that `downcast_ref` of anyhow finds it; of an error that came in a box,
/// its text and causes.
#[cfg(feature = "anyhow")]
impl From<Error> for anyhow::Error {
    fn from(error: Error) -> Self {
        error.into_anyhow()
    }
}

/// Keeps the error itself, so that `downcast_ref` of eyre finds it; of an error that came in a box,
/// its text and causes.
#[cfg(feature = "eyre")]
impl From<Error> for eyre::Report {
    #[track_caller]
    fn from(error: Error) -> Self {
        // The caller is known here only: no location passes through a trait object by itself.
        error.into_eyre(Location::caller())
    }
}

#[cfg(feature = "eyre")]
pub(super) fn located(
    mut report: eyre::Report,
    location: &'static Location<'static>,
) -> eyre::Report {
    report.handler_mut().track_caller(location);
    report
}

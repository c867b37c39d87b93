//! `durably::Error`: any error, which remembers what it was.

#[cfg(feature = "eyre")]
use std::panic::Location;
use std::{any::Any, error::Error as StdError, fmt};

#[cfg(feature = "eyre")]
use super::erased;
use super::{
    ActivityError, AppError, ChildError, Failure, Meaning, TypedError, chain, erased::Erased,
    typed::Written,
};
use crate::{
    data::{Text, type_name},
    hints::converted::OwnedError,
};

/// `Result` with durably's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, with `?` from every `std::error::Error`; Temporal's own errors keep their identity.
///
/// `{}` writes what happened, `{:#}` adds the causes on the same line, and `{:?}` lists them one
/// to a line.
///
/// ```
/// # use durably::prelude::*;
/// fn parse(text: &str) -> Result<u64> {
///     Ok(text.parse::<u64>()?)
/// }
/// let error = parse("seven").unwrap_err();
/// assert!(error.downcast_ref::<std::num::ParseIntError>().is_some());
/// ```
///
/// `?` also turns it into `anyhow::Error` (feature `anyhow`, on by default), `eyre::Report` (feature
/// `eyre`) and `Box<dyn std::error::Error>`, where `downcast_ref` finds the same error. The other way
/// round is [`from_boxed`](Self::from_boxed).
///
/// # Reading one
/// ```
/// use durably::{ActivityError, AppError, Error};
///
/// fn report(error: Error) -> String {
///     if error.is_cancelled() {
///         return "cancelled".to_owned();
///     }
///     if let Some(app) = error.app() {
///         return format!("{}: {}", app.kind, app.message);
///     }
///     if error.is::<std::io::Error>() {
///         let causes = error.chain().count();
///         return format!("input or output, {causes} links");
///     }
///     let activity: Option<&ActivityError> = error.activity();
///     let of = activity.map_or("no activity", |error| error.activity.as_str());
///     let (child, failure) = (error.child().is_some(), error.failure().is_some());
///     format!("{of}, child: {child}, failure: {failure}, {} application errors", error.apps().count())
/// }
///
/// assert_eq!(report(AppError::new("SoldOut", "no seat is left").into()), "SoldOut: no seat is left");
///
/// let error = Error::message("no seat is left");
/// assert!(error.downcast::<std::io::Error>().is_err());
/// ```
pub struct Error(Box<dyn AnyError>);

/// An error whose type name was taken when it was known.
pub(super) trait AnyError: Any + Send + Sync {
    fn type_name(&self) -> &'static str;
    fn as_std(&self) -> &(dyn StdError + 'static);
    fn into_std(self: Box<Self>) -> Box<dyn StdError + Send + Sync>;
    /// The application error of a type that says itself what it is.
    fn to_app(&self) -> Option<AppError> {
        None
    }
    /// Whether the error wraps an application error, which its `source()` may leave out.
    fn wraps_app(&self) -> bool {
        false
    }
    #[cfg(feature = "anyhow")]
    fn into_anyhow(self: Box<Self>) -> anyhow::Error;
    /// `location` is where the error becomes a report, unless it was one before.
    #[cfg(feature = "eyre")]
    fn into_eyre(self: Box<Self>, location: &'static Location<'static>) -> eyre::Report;
}

impl<E: StdError + Send + Sync + 'static> AnyError for E {
    fn type_name(&self) -> &'static str {
        type_name::bare::<E>()
    }

    fn as_std(&self) -> &(dyn StdError + 'static) {
        self
    }

    fn into_std(self: Box<Self>) -> Box<dyn StdError + Send + Sync> {
        self
    }

    #[cfg(feature = "anyhow")]
    fn into_anyhow(self: Box<Self>) -> anyhow::Error {
        anyhow::Error::new(*self)
    }

    #[cfg(feature = "eyre")]
    fn into_eyre(self: Box<Self>, location: &'static Location<'static>) -> eyre::Report {
        erased::located(eyre::Report::new(*self), location)
    }
}

/// An error with `#[derive(durably::Failure)]`, which became a `durably::Error` where that was known.
struct Typed<E>(E);

impl<E: TypedError> AnyError for Typed<E> {
    fn type_name(&self) -> &'static str {
        self.0.type_name()
    }

    fn as_std(&self) -> &(dyn StdError + 'static) {
        &self.0
    }

    fn into_std(self: Box<Self>) -> Box<dyn StdError + Send + Sync> {
        Box::new(self.0)
    }

    fn to_app(&self) -> Option<AppError> {
        Some(AppError::of_typed(&self.0))
    }

    fn wraps_app(&self) -> bool {
        Written::of(&self.0).wraps_app
    }

    #[cfg(feature = "anyhow")]
    fn into_anyhow(self: Box<Self>) -> anyhow::Error {
        Box::new(self.0).into_anyhow()
    }

    #[cfg(feature = "eyre")]
    fn into_eyre(self: Box<Self>, location: &'static Location<'static>) -> eyre::Report {
        Box::new(self.0).into_eyre(location)
    }
}

impl Error {
    /// An application error with this text and no type of its own; what [`bail!`](crate::bail) makes.
    pub fn message(text: impl Text) -> Self {
        AppError::new(AppError::PLAIN, text).into()
    }

    /// An error with [`#[derive(durably::Failure)]`](macro@crate::Failure), which keeps its type when it
    /// is recorded.
    ///
    /// A method that returns `Result<_, PayError>` needs no conversion. In one that returns
    /// `durably::Result`, `?` takes any error, and Rust does not tell it which of them have the derive:
    /// the failure has the name of the type, but not its fields and retry behaviour.
    ///
    /// ```
    /// use durably::prelude::*;
    ///
    /// #[derive(Debug, thiserror::Error, durably::Failure)]
    /// enum PayError {
    ///     #[error("card declined: {reason}")]
    ///     #[failure(non_retryable)]
    ///     Declined { reason: String },
    /// }
    ///
    /// fn check(card: &str) -> Result<(), PayError> {
    ///     match card {
    ///         "" => Err(PayError::Declined { reason: "no card".to_owned() }),
    ///         _ => Ok(()),
    ///     }
    /// }
    ///
    /// #[activity(start_to_close = "10s")]
    /// async fn charge(card: String) -> Result<String> {
    ///     check(&card).map_err(Error::from_typed)?;
    ///     Ok("receipt".to_owned())
    /// }
    /// ```
    pub fn from_typed<E: TypedError>(error: E) -> Self {
        Self(Box::new(Typed(error)))
    }

    /// The outermost error of the chain of causes that is an `E`, which has
    /// [`#[derive(durably::Failure)]`](macro@crate::Failure): from this process or another, and from
    /// other SDKs.
    ///
    /// ```
    /// use durably::prelude::*;
    ///
    /// #[derive(Debug, PartialEq, thiserror::Error, durably::Failure)]
    /// enum PayError {
    ///     #[error("gateway busy")]
    ///     Busy,
    /// }
    ///
    /// let error: Error = AppError::new("OrderError", "no order")
    ///     .caused_by(Error::from_typed(PayError::Busy))
    ///     .into();
    /// assert_eq!(error.failed::<PayError>(), Some(PayError::Busy));
    /// ```
    pub fn failed<E: TypedError>(&self) -> Option<E> {
        match self.to_app() {
            Some(app) => app.failed(),
            None => chain::failed(self.as_std()),
        }
    }

    pub(super) fn to_app(&self) -> Option<AppError> {
        self.0.to_app()
    }

    pub(super) fn wraps_app(&self) -> bool {
        self.0.wraps_app()
    }

    /// Whether the error is an `E`.
    pub fn is<E: StdError + 'static>(&self) -> bool {
        self.as_std().is::<E>()
    }

    /// The error as an `E`, if it is one.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.as_std().downcast_ref()
    }

    /// The error as an `E` by move, or itself again.
    ///
    /// # Errors
    /// The error itself, if it is not an `E`.
    pub fn downcast<E: StdError + Send + Sync + 'static>(self) -> Result<E> {
        if !self.is::<E>() {
            return Err(self);
        }
        let held: Box<dyn Any> = self.0;
        let error = match held.downcast::<Erased>() {
            Ok(erased) => erased.downcast(),
            Err(held) => match held.downcast::<Typed<E>>() {
                Ok(typed) => Some(typed.0),
                Err(held) => held.downcast().ok().map(|error| *error),
            },
        };
        Ok(error.expect("the type was asked for just before"))
    }

    /// The error and its causes, outermost first; see
    /// [application errors in a chain](AppError#in-a-chain-of-causes).
    pub fn chain(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        chain::of(self.0.as_std())
    }

    /// The first activity that failed in the chain of causes.
    pub fn activity(&self) -> Option<&ActivityError> {
        chain::activity(self.0.as_std())
    }

    /// The first child workflow that failed in the chain of causes.
    pub fn child(&self) -> Option<&ChildError> {
        chain::child(self.0.as_std())
    }

    /// The outermost application error of the chain of causes, from this process or another.
    ///
    /// [Application errors in a chain](AppError#in-a-chain-of-causes) says which one that is, and how
    /// the others are reached.
    pub fn app(&self) -> Option<&AppError> {
        self.apps().next()
    }

    /// The application errors of the chain of causes, outermost first; see
    /// [application errors in a chain](AppError#in-a-chain-of-causes).
    pub fn apps(&self) -> impl Iterator<Item = &AppError> {
        chain::apps(self.0.as_std())
    }

    /// Why an activity, a child or a workflow failed, as the server reports it.
    pub fn failure(&self) -> Option<&Failure> {
        chain::failure(self.0.as_std())
    }

    /// Whether this is a cancellation: of the workflow or a scope, or of the activity, the child or
    /// the workflow whose result was waited for; also inside another error, as its `source()`.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.meaning(), Meaning::Cancelled | Meaning::OtherCancelled)
    }

    pub(super) fn erased(error: Erased) -> Self {
        Self(Box::new(error))
    }

    pub(super) fn into_std(self) -> Box<dyn StdError + Send + Sync> {
        self.0.into_std()
    }

    #[cfg(feature = "anyhow")]
    pub(super) fn into_anyhow(self) -> anyhow::Error {
        self.0.into_anyhow()
    }

    #[cfg(feature = "eyre")]
    pub(super) fn into_eyre(self, location: &'static Location<'static>) -> eyre::Report {
        self.0.into_eyre(location)
    }

    /// The name of the error's type, without its module.
    pub(crate) fn type_name(&self) -> &'static str {
        self.0.type_name()
    }

    /// The error itself.
    pub(crate) fn as_std(&self) -> &(dyn StdError + 'static) {
        self.0.as_std()
    }
}

impl<E: OwnedError> From<E> for Error {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_std())?;
        if f.alternate() {
            for cause in chain::causes_left_out(self.as_std()) {
                write!(f, ": {cause}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_std())?;
        for cause in chain::causes_left_out(self.as_std()) {
            write!(f, "\n  caused by: {cause}")?;
        }
        Ok(())
    }
}

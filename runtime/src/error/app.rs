//! Errors of the application, as every SDK understands them.

use std::{fmt, time::Duration};

use durably_engine::FailureRecord;

use super::{DataError, Details, Error, Failure, TypedError, chain};
use crate::{
    data::{Data, Outgoing, Text},
    time::span::Span,
};

/// An error of the application: a type that retry policies and callers can match, and a message.
///
/// An error type of your own needs none of this: it is recorded under its own name. An `AppError`
/// adds what only Temporal knows: whether to try again, when, and details as data.
///
/// ```
/// # use durably::prelude::*;
/// # fn reserve(item: String) -> Result<String> {
/// return Err(AppError::new("OutOfStock", format!("no {item} left"))
///     .non_retryable()
///     .details(3)
///     .into());
/// # }
/// ```
///
/// # In a chain of causes
///
/// A failure that crosses activities and workflows is a chain. Each link is the cause of the one
/// before it, and each activity or child workflow on the way is a link of its own:
///
/// | link | what it is | reached by |
/// |---|---|---|
/// | `ResultError`, of `handle.result()` | what the client got | |
/// | `AppError` `OrderError` | what `run` returned | `error.app()` |
/// | `ActivityError` of `reserve` | what the activity's call returned to `run` | `error.activity()` |
/// | `AppError` `StockError` | what the activity returned | `error.activity()?.app()`, `error.apps().nth(1)` |
/// | `AppError` `Error` | the source of that error | `error.apps().last()` |
///
/// On every type of error, `app()` returns the outermost application error: the first one from the
/// error inwards. Of the error of a workflow, an activity, an update or a query that is what its own
/// code returned. If its code only passed on the error of an activity or a child, with `?` in a
/// function that returns `durably::Result`, there is no link of its own, and `app()` returns what the
/// activity or the child returned.
///
/// `apps()` iterates over all application errors, outermost first, and `chain()` over all links, the
/// error itself included. Links that were recorded are [`Failure`]s, found with
/// `downcast_ref::<Failure>()`. What an attempt failed with before a timeout is no link; it is
/// [`ActivityError::last_failure`](crate::error::ActivityError::last_failure).
///
/// ```
/// # use durably::{Handle, workflow::Workflow};
/// # async fn example<W: Workflow>(handle: Handle<W>) {
/// if let Err(error) = handle.result().await {
///     let sold_out = error.apps().any(|app| app.kind == "OutOfStock");
///     let first_cause = error.chain().last();
/// #   let _ = (sold_out, first_cause);
/// }
/// # }
/// ```
///
/// # All parts of one
/// ```
/// use durably::{AppError, Error, secs};
///
/// let error = AppError::new("SoldOut", "no seat is left")
///     .details(vec!["12A", "12B"])
///     .next_retry_delay(secs(30))
///     .caused_by(Error::message("the airline answered 409"));
/// assert_eq!(error.detail::<Vec<String>>(0).unwrap(), ["12A", "12B"]);
/// assert_eq!(error.stack_trace(), "");
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct AppError {
    /// The type of the error, as retry policies and the other SDKs name it: their field is called `type`, which is a word
    /// of Rust's own.
    pub kind: String,
    /// What happened.
    pub message: String,
    /// Data for those who handle it; read it with [`detail`](Self::detail).
    pub details: Details,
    /// It is not retried.
    pub non_retryable: bool,
    /// The pause before the next attempt, instead of the retry policy's.
    pub next_retry_delay: Option<Duration>,
    /// What led to it.
    pub cause: Option<Box<Failure>>,
    /// The failure this was read from, for what is not shown above; absent in a new error.
    pub(super) origin: Option<Box<FailureRecord>>,
}

/// As its fields, without the record that it was read from, which repeats them as bytes.
impl fmt::Debug for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppError")
            .field("kind", &self.kind)
            .field("message", &self.message)
            .field("details", &self.details)
            .field("non_retryable", &self.non_retryable)
            .field("next_retry_delay", &self.next_retry_delay)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

impl AppError {
    /// The type of errors that were made from a text alone.
    pub(crate) const PLAIN: &'static str = "Error";

    /// The type of the reason why a validator rejected an update. The text leaves it out, because the
    /// error that holds it says that the update was rejected.
    pub(crate) const REJECTED: &'static str = "UpdateRejected";

    /// An error that is retried as the retry policy says.
    pub fn new(kind: impl Text, message: impl Text) -> Self {
        Self {
            kind: kind.into_text(),
            message: message.into_text(),
            details: Details::default(),
            non_retryable: false,
            next_retry_delay: None,
            cause: None,
            origin: None,
        }
    }

    /// It is not retried.
    pub fn non_retryable(mut self) -> Self {
        self.non_retryable = true;
        self
    }

    /// Adds one value for those who handle the error.
    ///
    /// The value is copied now, and encoded when the error is sent, in the format of the client or
    /// worker that sends it.
    ///
    /// A value that cannot be encoded, NaN in JSON for example, is replaced by a text that says so,
    /// because losing the error itself would be worse. The receiver's [`detail`](Self::detail) quotes
    /// that text in its error, and a log line of the sender has it too.
    ///
    /// ```
    /// use durably::AppError;
    ///
    /// fn sold_out(seats: &[String]) -> AppError {
    ///     AppError::new("SoldOut", "no seat is left").details(seats).details(&seats.len())
    /// }
    /// assert_eq!(sold_out(&[]).detail::<Vec<String>>(0).unwrap(), [""; 0]);
    /// ```
    pub fn details<T: Outgoing>(mut self, detail: T) -> Self {
        self.details.add(&detail);
        self
    }

    /// The pause before the next attempt, instead of the retry policy's.
    pub fn next_retry_delay(mut self, pause: impl Span) -> Self {
        self.next_retry_delay = Some(pause.into_duration());
        self
    }

    /// Sets the error that led to this one.
    ///
    /// The cause keeps the name of its type and of its variant. For an error with
    /// [`#[derive(durably::Failure)]`](macro@crate::Failure), [`caused_by_typed`](Self::caused_by_typed)
    /// keeps its declared name, fields and retry behaviour, too.
    pub fn caused_by(mut self, cause: impl Into<Error>) -> Self {
        self.cause = Some(Box::new(Failure::of(&cause.into())));
        // The cause that it was received with is replaced, too.
        if let Some(origin) = &mut self.origin {
            origin.cause = None;
        }
        self
    }

    /// Sets the error that led to this one, which has [`#[derive(durably::Failure)]`](macro@crate::Failure)
    /// and is recorded with its fields.
    ///
    /// ```
    /// use durably::AppError;
    ///
    /// #[derive(Debug, PartialEq, thiserror::Error, durably::Failure)]
    /// #[error("{item} is sold out")]
    /// struct SoldOut {
    ///     item: u32,
    /// }
    ///
    /// let order = AppError::new("OrderError", "no order").caused_by_typed(SoldOut { item: 3 });
    /// assert_eq!(order.failed(), Some(SoldOut { item: 3 }));
    /// ```
    pub fn caused_by_typed(self, cause: impl TypedError) -> Self {
        self.caused_by(Error::from_typed(cause))
    }

    /// The detail at `index`, from 0.
    ///
    /// # Errors
    /// There is no such detail, or it cannot be deserialised as a `T`. The detail of an error that was
    /// not sent yet passes JSON here.
    pub fn detail<T: Data>(&self, index: usize) -> Result<T, DataError> {
        self.details
            .read(index, || format!("error `{}`", self.kind))
    }

    /// The outermost error, of this one and its causes, that is an `E`, which has
    /// [`#[derive(durably::Failure)]`](macro@crate::Failure); see [`Error::failed`].
    ///
    /// ```
    /// use durably::{AppError, Error};
    ///
    /// #[derive(Debug, PartialEq, thiserror::Error, durably::Failure)]
    /// #[error("sold out")]
    /// struct SoldOut;
    ///
    /// let order = AppError::new("OrderError", "no order").caused_by(Error::from_typed(SoldOut));
    /// assert_eq!(order.failed(), Some(SoldOut));
    /// ```
    pub fn failed<E: TypedError>(&self) -> Option<E> {
        chain::failed(self)
    }

    /// The stack trace of an error from another process, in the form of its language.
    pub fn stack_trace(&self) -> &str {
        self.origin
            .as_ref()
            .map_or("", |origin| &origin.stack_trace)
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kind {
            "" | Self::PLAIN | Self::REJECTED => {}
            kind => write!(f, "{kind}: ")?,
        }
        let Some(cause) = self.cause.as_deref() else {
            return f.write_str(&self.message);
        };
        match cause {
            // A transparent error has the text of what it wraps, and that has a type, too.
            Failure::App(wrapped) if wrapped.message == self.message => wrapped.fmt(f),
            cause => {
                f.write_str(&self.message)?;
                match self.message.ends_with(&cause.to_string()) {
                    true => Ok(()),
                    false => chain::because(f, cause),
                }
            }
        }
    }
}

impl std::error::Error for AppError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&**self.cause.as_ref()?)
    }
}

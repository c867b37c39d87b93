//! The public error families.

use std::fmt;

use crate::Payload;

/// `Result` with durably's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, with `?` from every `std::error::Error`; Temporal's own errors keep their identity.
pub struct Error(Box<dyn std::error::Error + Send + Sync>);
impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
impl Error {
    /// The error as an `E`, if it is one.
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

/// What may stand in the `Err` of a workflow, handler or activity.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be reported as a failure",
    label = "not an error type",
    note = "return `durably::Result<T>`, or an error type that implements `std::error::Error + Send + Sync + 'static` (thiserror does)"
)]
pub trait IntoFailure {
    #[doc(hidden)]
    fn into_failure(self) -> Error;
}
impl IntoFailure for Error {
    fn into_failure(self) -> Error {
        self
    }
}
#[diagnostic::do_not_recommend]
impl<E: std::error::Error + Send + Sync + 'static> IntoFailure for E {
    fn into_failure(self) -> Error {
        self.into()
    }
}

macro_rules! leaf {
    ($($name:ident $(< $g:ident >)? { $($body:tt)* } )*) => { $(
        /// See the guide.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct $name { $($body)* }
        impl fmt::Display for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(stringify!($name)) } }
        impl std::error::Error for $name {}
    )* };
}
leaf! {
    ActivityError { /** name */ pub activity: String, /** cause */ pub cause: Failure }
    ChildError { /** name */ pub workflow: String, /** cause */ pub cause: Failure }
    AppError { /** type */ pub kind: String, /** text */ pub message: String, /** details */ pub details: Vec<Payload>, /** never retried */ pub non_retryable: bool }
    ContinueAsNew { /** type */ pub workflow: &'static str }
}
/// The workflow, or a scope of it, was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;
impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cancelled")
    }
}
impl std::error::Error for Cancelled {}
/// Which timeout ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeoutKind {
    /// One attempt took too long.
    StartToClose,
    /// All attempts together took too long.
    ScheduleToClose,
    /// No worker took it in time.
    ScheduleToStart,
    /// No heartbeat in time.
    Heartbeat,
}
/// Why something failed, as the server reports it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Failure {
    /// Raised by the application.
    App(AppError),
    /// A timeout ran out.
    Timeout(TimeoutKind),
    /// Cancelled.
    Cancelled,
    /// Terminated.
    Terminated,
}
impl ContinueAsNew {
    #[doc(hidden)]
    pub fn new(_workflow: &'static str, _args: crate::__private::EncodedArgs) -> Self {
        unimplemented!()
    }
}
impl<T> From<ContinueAsNew> for Result<T, Error> {
    fn from(next: ContinueAsNew) -> Self {
        Err(next.into())
    }
}
/// Returns an [`AppError`] with a formatted message.
#[macro_export]
macro_rules! bail {
    ($($t:tt)*) => {
        return ::core::result::Result::Err($crate::Error::message(::std::format!($($t)*)))
    };
}
impl Error {
    /// An application error of kind `Error` with this text; what [`bail!`] makes.
    pub fn message(_text: String) -> Self {
        unimplemented!()
    }
}

//! The public error families.
//!
//! [`Error`] is the type that user code passes on with `?`. The other types are the errors that it holds:
//! [`Error::downcast_ref`], [`Error::app`] and its like return them.
//!
//! Each operation of a client has its own enum ([`StartError`], [`ResultError`], ..), composed of
//! what can happen to it:
//!
//! ```
//! # use durably::{Handle, error::ResultError, workflow::Workflow};
//! # async fn example<W: Workflow<Output = u64>>(handle: Handle<W>) -> durably::Result<u64> {
//! match handle.result().await {
//!     Err(ResultError::Failed(failed)) if failed.app().is_some_and(|app| app.kind == "Empty") => {
//!         Ok(0)
//!     }
//!     Err(ResultError::Terminated(terminated)) => {
//!         println!("somebody ended it: {}", terminated.reason);
//!         Ok(0)
//!     }
//!     other => Ok(other?),
//! }
//! # }
//! ```

mod activity;
#[cfg(feature = "server")]
mod advance;
mod any;
mod app;
mod batch;
mod chain;
mod child;
mod client;
mod complete_later;
mod connect;
mod continue_as_new;
mod data;
mod details;
mod erased;
mod external;
mod failure;
mod meaning;
mod namespace;
mod panic;
mod record;
mod rpc;
mod schedule;
mod terminal;
mod typed;
mod variant;

#[cfg(test)]
mod tests;

use std::fmt;

pub use durably_engine::{ChildStartFault, ExternalFault, RetryState, TimeoutKind};

#[cfg(feature = "server")]
pub use self::advance::AdvanceError;
#[doc(hidden)]
pub use self::typed::{
    ByDerive, CauseByDeref, CauseByDerive, CauseByError, CauseByRecord, CauseBySource, CauseOf,
    FailureReader, FailureWriter,
};
pub use self::{
    activity::ActivityError,
    any::{Error, Result},
    app::AppError,
    batch::{BatchAlreadyExists, BatchError, BatchNotFound, NoFilter},
    child::ChildError,
    client::{
        ActivityAlreadyPaused, ActivityNotFound, ActivityOperationError, AsyncActivityError,
        FastForwardError, FastForwardFailed, HandleError, QueryError, QueryFailed, QueryRejected,
        ResultError, RunError, SignalError, StartError, UpdateError, UpdateFailed, UpdateNotFound,
        UpdateRejected, UpdateWithStartError, WorkflowAlreadyStarted, WorkflowNotFound,
    },
    complete_later::CompleteLater,
    connect::ConnectError,
    continue_as_new::ContinueAsNew,
    data::{DataError, DataFault},
    details::Details,
    external::ExternalError,
    failure::{Failure, OtherFailure, ServerFailure},
    namespace::{NamespaceAlreadyExists, NamespaceError, NamespaceMissing},
    rpc::RpcError,
    schedule::{
        CreateScheduleError, InvalidSchedule, ScheduleAlreadyExists, ScheduleConflict,
        ScheduleError, ScheduleNotFound, UpdateScheduleError,
    },
    terminal::{
        WorkflowCancelled, WorkflowFailed, WorkflowStuck, WorkflowTerminated, WorkflowTimedOut,
    },
    typed::TypedError,
};
pub(crate) use self::{
    continue_as_new::NextRun, meaning::Meaning, panic::panic_text, rpc::no_namespace,
};

/// The workflow, a scope of it, or the activity was cancelled.
///
/// `run` or an activity that returns it after a request to cancel closes as Canceled. An error type
/// of your own keeps that meaning if its `source()` is this error, which is what `#[from]` of
/// thiserror makes it:
///
/// ```
/// use durably::{Cancelled, prelude::*};
///
/// #[derive(Debug, thiserror::Error)]
/// enum TripError {
///     #[error("no seat is left")]
///     SoldOut,
///     #[error(transparent)]
///     Cancelled(#[from] Cancelled),
/// }
///
/// async fn travel(ctx: &Ctx) -> Result<(), TripError> {
///     Ok(ctx.sleep(days(1)).await?)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cancelled")
    }
}

impl std::error::Error for Cancelled {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&meaning::Mark::Cancelled)
    }
}

/// What may stand in the `Err` of a workflow, handler or activity.
///
/// ```
/// use durably::{error::IntoFailure, prelude::*};
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("{item} is sold out")]
/// struct SoldOut {
///     item: u32,
/// }
///
/// #[activity(start_to_close = "10s")]
/// async fn order(item: u32) -> Result<(), SoldOut> {
///     Err(SoldOut { item })
/// }
///
/// fn may_be_returned<E: IntoFailure>() {}
/// may_be_returned::<SoldOut>();
/// may_be_returned::<Error>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be reported as a failure",
    label = "not an error type",
    note = "return `durably::Result<T>`, or an error type that implements `std::error::Error + Send + Sync + 'static` (thiserror does)",
    note = "`.map_err(Error::from_boxed)` makes a `durably::Error` of `anyhow::Error`, `eyre::Report`, boxed errors and texts"
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

/// Returns an [`AppError`] with a formatted message.
///
/// ```
/// # use durably::prelude::*;
/// fn ship(address: &str) -> Result<()> {
///     if address.is_empty() {
///         bail!("no address");
///     }
///     Ok(())
/// }
/// assert_eq!(ship("").unwrap_err().to_string(), "no address");
/// ```
#[macro_export]
macro_rules! bail {
    ($($t:tt)*) => {
        return ::core::result::Result::Err($crate::Error::message(::std::format!($($t)*)))
    };
}

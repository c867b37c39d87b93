//! How an execution ended without a result, as a client learns it.

use std::fmt;

use durably_engine::RetryState;

use super::{
    AppError, DataError, Details, Failure, TypedError,
    chain::{self, links},
    meaning::Mark,
};
use crate::data::Data;

/// The workflow failed: its code returned an error.
///
/// ```no_run
/// use durably::{error::ResultError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.handle("order-1").result::<String>().await {
///     Err(ResultError::Failed(it)) if it.app().is_some_and(|app| app.kind == "SoldOut") => {
///         println!("{} is sold out ({:?})", it.workflow_id, it.retry_state);
///     }
///     receipt => println!("{}", receipt?),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkflowFailed {
    /// The workflow id.
    pub workflow_id: String,
    /// The run that failed.
    pub run_id: String,
    /// The error it returned, with its chain of causes.
    pub cause: Failure,
    /// Why the workflow was not tried again.
    pub retry_state: RetryState,
}

links!(WorkflowFailed);

/// The workflow was cancelled: its code returned [`Cancelled`](crate::error::Cancelled) after a request.
///
/// ```no_run
/// use durably::{error::ResultError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.handle("order-1").result::<String>().await {
///     // Workflows in other languages may attach details.
///     Err(ResultError::Cancelled(it)) => println!("cancelled: {:?}", it.detail::<String>(0)),
///     receipt => println!("{}", receipt?),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkflowCancelled {
    /// The workflow id.
    pub workflow_id: String,
    /// The run that was cancelled.
    pub run_id: String,
    /// What the workflow attached.
    pub details: Details,
}

impl WorkflowCancelled {
    /// What the workflow attached, at `index` from 0.
    ///
    /// # Errors
    /// There is no such detail, or it cannot be deserialised as a `T`.
    pub fn detail<T: Data>(&self, index: usize) -> Result<T, DataError> {
        self.details.read(index, || "the cancellation".to_owned())
    }
}

/// The workflow was terminated by a client; its code did not run again.
///
/// ```no_run
/// use durably::{error::ResultError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.handle("order-1").result::<String>().await {
///     // What `handle.terminate(reason).details(value)` attached.
///     Err(ResultError::Terminated(it)) => println!("{}: {:?}", it.reason, it.detail::<String>(0)),
///     receipt => println!("{}", receipt?),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkflowTerminated {
    /// The workflow id.
    pub workflow_id: String,
    /// The run that was terminated.
    pub run_id: String,
    /// The reason that the client gave; may be empty.
    pub reason: String,
    /// What the client attached.
    pub details: Details,
}

impl WorkflowTerminated {
    /// What the client attached, at `index` from 0.
    ///
    /// # Errors
    /// There is no such detail, or it cannot be deserialised as a `T`.
    pub fn detail<T: Data>(&self, index: usize) -> Result<T, DataError> {
        self.details.read(index, || "the termination".to_owned())
    }
}

/// The workflow took longer than its execution or run timeout.
///
/// ```no_run
/// use durably::{error::ResultError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.handle("order-1").result::<String>().await {
///     Err(ResultError::TimedOut(it)) => println!("run {} took too long", it.run_id),
///     receipt => println!("{}", receipt?),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkflowTimedOut {
    /// The workflow id.
    pub workflow_id: String,
    /// The run that timed out.
    pub run_id: String,
    /// Why the workflow was not tried again.
    pub retry_state: RetryState,
}

/// The workflow makes no progress: its workflow task fails again and again, because of a panic, a replay mismatch or a
/// command that the server refuses.
///
/// Only clients of an embedded server that [skips time](crate::server::ServerBuilder::skip_time) have this error: a test
/// ends with the reason. Elsewhere, and with [`Client::keep_waiting`](crate::Client::keep_waiting), the result is waited
/// for, as a worker with other code may come.
///
/// ```no_run
/// use durably::{error::ResultError, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// match client.handle("order-1").result::<String>().await {
///     Err(ResultError::Stuck(it)) => println!("at attempt {}: {}", it.attempt, it.reason),
///     receipt => println!("{}", receipt?),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkflowStuck {
    /// The workflow id.
    pub workflow_id: String,
    /// The number of the attempt that follows the failures, from 1.
    pub attempt: u32,
    /// Why the workflow task failed.
    pub reason: String,
}

impl fmt::Display for WorkflowStuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "workflow `{}` makes no progress, its workflow task has failed {} times: {}",
            self.workflow_id,
            self.attempt.saturating_sub(1),
            self.reason
        )
    }
}

impl std::error::Error for WorkflowStuck {}

impl fmt::Display for WorkflowFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workflow `{}` failed", self.workflow_id)?;
        chain::because(f, &self.cause)
    }
}

impl fmt::Display for WorkflowCancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workflow `{}` was cancelled", self.workflow_id)
    }
}

impl fmt::Display for WorkflowTerminated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workflow `{}` was terminated", self.workflow_id)?;
        match &*self.reason {
            "" => Ok(()),
            reason => write!(f, ": {reason}"),
        }
    }
}

impl fmt::Display for WorkflowTimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workflow `{}` timed out", self.workflow_id)
    }
}

impl std::error::Error for WorkflowFailed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

impl std::error::Error for WorkflowCancelled {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&Mark::OtherCancelled)
    }
}

impl std::error::Error for WorkflowTerminated {}

impl std::error::Error for WorkflowTimedOut {}

//! The error of a child workflow that returned no result.

use std::fmt;

use durably_engine::{ChildStartFault, FailureInfo, FailureRecord, RetryState, TimeoutKind};

use super::{
    AppError, DataError, Details, Failure, TypedError,
    chain::{self, links},
};
use crate::data::{Converter, Data};

/// A child workflow failed, timed out, was cancelled or terminated, or could not be started.
///
/// ```
/// use durably::{error::{ChildError, Failure, RetryState, TimeoutKind}, prelude::*};
///
/// /// What to do about a child that gave no result.
/// fn report(error: Error) -> Result<String> {
///     let Some(child) = error.child() else {
///         return Err(error);
///     };
///     let run = format!("{} {} (run {})", child.workflow, child.workflow_id, child.run_id());
///     Ok(match &child.cause {
///         _ if child.is_already_started() => format!("{} runs already", child.workflow_id),
///         Failure::Terminated => format!("{run} was terminated"),
///         _ if child.is_cancelled() => format!("{run} was cancelled"),
///         _ if child.timeout() == Some(TimeoutKind::StartToClose) => format!("{run} took too long"),
///         cause if child.retry_state() == RetryState::MaximumAttemptsReached => {
///             format!("{run} failed for the last time: {cause}")
///         }
///         cause => format!("{run} failed: {cause}"),
///     })
/// }
///
/// let error = report(Error::message("no child")).unwrap_err();
/// assert_eq!(error.to_string(), "no child");
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct ChildError {
    /// The type of the child.
    pub workflow: String,
    /// The workflow id of the child.
    pub workflow_id: String,
    /// Why.
    pub cause: Failure,
    /// The failure as history records it.
    record: Box<FailureRecord>,
    /// That of the worker or client that received it.
    converter: Converter,
}

/// As its public fields, without the record that it was read from, which repeats them as bytes.
impl fmt::Debug for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildError")
            .field("workflow", &self.workflow)
            .field("workflow_id", &self.workflow_id)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

impl ChildError {
    /// The child that a failure of kind `ChildWorkflow` is about.
    pub(crate) fn from_record(record: FailureRecord, converter: &Converter) -> Self {
        let (workflow, workflow_id) = match &record.info {
            FailureInfo::ChildWorkflow {
                workflow_type,
                workflow_id,
                ..
            } => (workflow_type.clone(), workflow_id.clone()),
            _ => Default::default(),
        };
        let cause = Failure::cause_of(&record, converter);
        Self {
            workflow,
            workflow_id,
            cause,
            record: Box::new(record),
            converter: converter.clone(),
        }
    }

    pub(super) fn to_record(&self) -> FailureRecord {
        (*self.record).clone()
    }

    /// Which timeout ran out, if one did.
    pub fn timeout(&self) -> Option<TimeoutKind> {
        self.cause.timeout()
    }

    /// Whether the child was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cause.is_cancelled()
    }

    /// Whether the child could not be started because a workflow of its id is running, or because the id
    /// may not be used again.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # #[derive(Default)]
    /// # struct Shipment;
    /// # #[workflow(task_queue = "ships")]
    /// # impl Shipment {
    /// #     #[run]
    /// #     async fn run(&mut self, order: String) {}
    /// #     #[signal]
    /// #     fn add(&mut self, item: String) {}
    /// # }
    /// async fn ship(ctx: &Ctx, order: &str) -> Result<()> {
    ///     match Shipment::child(ctx, order).id("ship-7").start().await {
    ///         Err(error) if error.is_already_started() => {
    ///             Ok(Shipment::external(ctx, "ship-7").add(order).await?)
    ///         }
    ///         started => started?.add("a letter").await.map_err(Error::from),
    ///     }
    /// }
    /// ```
    pub fn is_already_started(&self) -> bool {
        self.start_fault() == Some(ChildStartFault::AlreadyStarted)
    }

    /// Why the child could not be started; `None` if it was started, or cancelled before.
    ///
    /// ```
    /// use durably::error::{ChildError, ChildStartFault};
    ///
    /// fn describe(error: &ChildError) -> &'static str {
    ///     match error.start_fault() {
    ///         Some(ChildStartFault::AlreadyStarted) => "it runs already",
    ///         Some(_) => "it could not be started",
    ///         None => "it was started",
    ///     }
    /// }
    /// ```
    pub fn start_fault(&self) -> Option<ChildStartFault> {
        let FailureInfo::ChildWorkflow { started, .. } = self.record.info else {
            return None;
        };
        match &self.cause {
            Failure::App(app) if started.0 == 0 => ChildStartFault::from_kind(&app.kind),
            _ => None,
        }
    }

    /// The run of the child; empty if it did not start.
    pub fn run_id(&self) -> &str {
        match &self.record.info {
            FailureInfo::ChildWorkflow { run_id, .. } => run_id,
            _ => "",
        }
    }

    /// What came with the cause, at `index` from 0: the details of the child's error, or those of its cancellation,
    /// which workflows in other languages may have.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// async fn ship(ctx: &Ctx, order: &str) -> Result<String> {
    ///     match ctx.child::<String>("Shipment", (order,)).task_queue("python-ships").await {
    ///         Err(error) if error.is_cancelled() => Ok(error.detail::<String>(0)?),
    ///         shipped => Ok(shipped?),
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// There is no such detail, or it cannot be deserialised as a `T`.
    pub fn detail<T: Data>(&self, index: usize) -> Result<T, DataError> {
        let details = Details::of_the_cause(&self.record, &self.converter);
        details.read(index, || {
            format!("the end of child workflow `{}`", self.workflow)
        })
    }

    /// Why the child was not tried again.
    pub fn retry_state(&self) -> RetryState {
        match self.record.info {
            FailureInfo::ChildWorkflow { retry_state, .. } => retry_state,
            _ => RetryState::Unspecified,
        }
    }
}

links!(ChildError);

impl fmt::Display for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.cause {
            Failure::Timeout(_) => "timed out",
            Failure::Cancelled => "was cancelled",
            Failure::Terminated => "was terminated",
            _ => "failed",
        };
        write!(f, "child workflow `{}`", self.workflow)?;
        if !self.workflow_id.is_empty() {
            write!(f, " with id `{}`", self.workflow_id)?;
        }
        if let Some(fault) = self.start_fault() {
            return write!(f, " could not be started: {}", describe(fault));
        }
        write!(f, " {what}")?;
        chain::because(f, &self.cause)
    }
}

fn describe(fault: ChildStartFault) -> String {
    match fault {
        ChildStartFault::AlreadyStarted => {
            "a workflow with this id runs already, or the id may not be used again".to_owned()
        }
        ChildStartFault::NamespaceNotFound => "its namespace does not exist".to_owned(),
        ChildStartFault::InvalidVersioningOverride => {
            "its versioning override is invalid".to_owned()
        }
        ChildStartFault::Other(cause) => format!("the server gives cause {cause}"),
    }
}

impl std::error::Error for ChildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

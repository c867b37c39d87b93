//! The error of a signal to another workflow, and of a request to cancel one.

use std::fmt;

use durably_engine::{ExternalFault, ExternalOutcome};

use super::{AppError, Failure, meaning::Mark};

/// A signal to another workflow, or a request to cancel one, was not delivered.
///
/// ```
/// use durably::{error::{ExternalError, ExternalFault}, prelude::*};
///
/// async fn hold(ctx: &Ctx, ship: &str) -> Result<bool> {
///     let sent: Result<(), ExternalError> = ctx.external(ship).signal("hold", ("customs",)).await;
///     match sent {
///         Ok(()) => Ok(true),
///         // It has arrived, or there never was such a ship.
///         Err(error) if error.is_not_found() => Ok(false),
///         Err(error) if error.fault() == Some(ExternalFault::SignalLimit) => {
///             bail!("{} has received too many signals", error.workflow_id)
///         }
///         Err(error) if error.is_cancelled() => Err(error.into()),
///         Err(error) => Err(error.into()),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExternalError {
    /// The id of the other workflow.
    pub workflow_id: String,
    /// The name of the signal; none for a request to cancel.
    pub signal: Option<String>,
    /// None if this workflow was cancelled before.
    fault: Option<ExternalFault>,
}

impl ExternalError {
    pub(crate) fn new(
        workflow_id: String,
        signal: Option<String>,
        outcome: ExternalOutcome,
    ) -> Self {
        Self {
            workflow_id,
            signal,
            fault: match outcome {
                ExternalOutcome::Failed(fault) => Some(fault),
                ExternalOutcome::Delivered | ExternalOutcome::Cancelled => None,
            },
        }
    }

    /// Why the server did not deliver it; `None` if it was cancelled before it was sent.
    pub fn fault(&self) -> Option<ExternalFault> {
        self.fault
    }

    /// Whether no such workflow is running: there is none, it is closed, or it has another run.
    pub fn is_not_found(&self) -> bool {
        self.fault == Some(ExternalFault::NotFound)
    }

    /// Whether this workflow, or its scope, was cancelled before it was sent.
    pub fn is_cancelled(&self) -> bool {
        self.fault.is_none()
    }

    /// What the error is to Temporal.
    pub(super) fn to_failure(&self) -> Failure {
        match self.fault {
            Some(fault) => Failure::App(Box::new(AppError::new(fault.kind(), self.to_string()))),
            None => Failure::Cancelled,
        }
    }
}

impl fmt::Display for ExternalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = &self.workflow_id;
        match &self.signal {
            Some(signal) => write!(f, "signal `{signal}` was not sent to workflow `{id}`: ")?,
            None => write!(f, "cancellation of workflow `{id}` was not requested: ")?,
        }
        match self.fault {
            Some(ExternalFault::NotFound) => f.write_str("no such workflow is running"),
            Some(ExternalFault::NamespaceNotFound) => f.write_str("its namespace does not exist"),
            Some(ExternalFault::SignalLimit) => f.write_str("it has received too many signals"),
            Some(ExternalFault::Other(cause)) => write!(f, "the server gives cause {cause}"),
            None => f.write_str("cancelled"),
        }
    }
}

impl std::error::Error for ExternalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.is_cancelled()
            .then_some(&Mark::Cancelled as &(dyn std::error::Error + 'static))
    }
}

//! The requests of a client about one workflow, as interceptors see them.

use super::{execution, some};
use crate::wire::stop::{CancelWorkflow, TerminateWorkflow};

/// A request to cancel a workflow.
///
/// ```
/// use durably::{interceptor::{CancelRequest, ClientInterceptor, Next}, prelude::*};
///
/// struct Log;
///
/// impl ClientInterceptor for Log {
///     async fn cancel(&self, request: CancelRequest, next: Next<CancelRequest>) -> Result<()> {
///         tracing::info!("cancel {}", request.workflow_id);
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CancelRequest {
    /// The workflow id.
    pub workflow_id: String,
    /// The run; the latest one if not set.
    pub run_id: Option<String>,
    /// The run that has to be the first of the chain, if any has to.
    pub first_run_id: Option<String>,
}

/// A request to terminate a workflow.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, Next, TerminateRequest}, prelude::*};
///
/// /// Adds who asked to the reason.
/// struct Signed(String);
///
/// impl ClientInterceptor for Signed {
///     async fn terminate(&self, mut request: TerminateRequest, next: Next<TerminateRequest>) -> Result<()> {
///         request.reason += &format!(" ({})", self.0);
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TerminateRequest {
    /// The workflow id.
    pub workflow_id: String,
    /// The run; the latest one if not set.
    pub run_id: Option<String>,
    /// The run that has to be the first of the chain, if any has to.
    pub first_run_id: Option<String>,
    /// Why, for people.
    pub reason: String,
}

/// A request for the description of a workflow.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, DescribeRequest, Next}, prelude::*};
/// use durably::client::WorkflowDescription;
///
/// struct Log;
///
/// impl ClientInterceptor for Log {
///     async fn describe(
///         &self,
///         request: DescribeRequest,
///         next: Next<DescribeRequest>,
///     ) -> Result<WorkflowDescription> {
///         tracing::info!("describe {}", request.workflow_id);
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DescribeRequest {
    /// The workflow id.
    pub workflow_id: String,
    /// The run; the latest one if not set.
    pub run_id: Option<String>,
}

impl CancelRequest {
    pub(crate) fn new(request: CancelWorkflow) -> Self {
        Self {
            workflow_id: request.execution.workflow_id,
            run_id: some(request.execution.run_id),
            first_run_id: some(request.first_run_id),
        }
    }

    pub(crate) fn into_wire(self) -> CancelWorkflow {
        CancelWorkflow {
            execution: execution(self.workflow_id, self.run_id),
            first_run_id: self.first_run_id.unwrap_or_default(),
        }
    }
}

impl TerminateRequest {
    pub(crate) fn new(request: TerminateWorkflow) -> Self {
        Self {
            workflow_id: request.execution.workflow_id,
            run_id: some(request.execution.run_id),
            first_run_id: some(request.first_run_id),
            reason: request.reason,
        }
    }

    pub(crate) fn into_wire(self) -> TerminateWorkflow {
        TerminateWorkflow {
            execution: execution(self.workflow_id, self.run_id),
            first_run_id: self.first_run_id.unwrap_or_default(),
            reason: self.reason,
        }
    }
}

/// A wait for the result of a workflow.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, Next, Output, ResultRequest}, prelude::*};
///
/// struct Log;
///
/// impl ClientInterceptor for Log {
///     async fn result(&self, request: ResultRequest, next: Next<ResultRequest>) -> Result<Output> {
///         let id = request.workflow_id.clone();
///         let output = next.run(request).await?;
///         tracing::info!("{id} has completed");
///         Ok(output)
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResultRequest {
    /// The workflow id.
    pub workflow_id: String,
    /// The run from which on runs are followed; the latest one if not set.
    pub run_id: Option<String>,
}

/// A request for the history of a run; a list of events makes one for each page.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, HistoryRequest, Next}, prelude::*};
///
/// struct Log;
///
/// impl ClientInterceptor for Log {
///     async fn history(&self, request: HistoryRequest, next: Next<HistoryRequest>) -> Result<()> {
///         tracing::info!("history of {}", request.workflow_id);
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HistoryRequest {
    /// The workflow id.
    pub workflow_id: String,
    /// The run; the latest one if not set.
    pub run_id: Option<String>,
}

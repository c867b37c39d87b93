//! The requests of a client about one workflow, as interceptors see them.

use super::{execution, some};
use crate::{
    client::ResetPoint,
    data::{Converter, Data},
    error::{DataError, Details},
    options::Priority,
    wire::{
        stop::{CancelWorkflow, TerminateWorkflow},
        time_skipping::TimeSkipping,
        workflow_options::{OverrideChange, UpdateWorkflowOptions, WorkflowOptions},
    },
};

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
///         if !request.details.is_empty() {
///             tracing::info!("with {:?}", request.detail::<String>(0));
///         }
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
    /// The values that go with it.
    pub details: Details,
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
    /// The value at `index` from 0 that goes with the termination.
    ///
    /// # Errors
    /// There is no such detail, or it cannot be deserialised as a `T`.
    pub fn detail<T: Data>(&self, index: usize) -> Result<T, DataError> {
        self.details.read(index, || "the termination".to_owned())
    }

    pub(crate) fn new(request: TerminateWorkflow, converter: &Converter) -> Self {
        Self {
            workflow_id: request.execution.workflow_id,
            run_id: some(request.execution.run_id),
            first_run_id: some(request.first_run_id),
            reason: request.reason,
            details: Details::received(request.details, converter),
        }
    }

    pub(crate) fn into_wire(self, converter: &Converter) -> TerminateWorkflow {
        TerminateWorkflow {
            execution: execution(self.workflow_id, self.run_id),
            first_run_id: self.first_run_id.unwrap_or_default(),
            reason: self.reason,
            details: self.details.encode("termination", converter),
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

/// A reset: a new run that repeats a run up to a point.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, Next, ResetRequest}, prelude::*};
///
/// /// Adds who asked to the reason.
/// struct Signed(String);
///
/// impl ClientInterceptor for Signed {
///     async fn reset(&self, mut request: ResetRequest, next: Next<ResetRequest>) -> Result<()> {
///         request.reason += &format!(" ({})", self.0);
///         tracing::info!("{} is reset to {:?}", request.workflow_id, request.point);
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResetRequest {
    /// The workflow id.
    pub workflow_id: String,
    /// The run that is repeated; the latest one if not set.
    pub run_id: Option<String>,
    /// Up to where.
    pub point: ResetPoint,
    /// Why, for people.
    pub reason: String,
}

/// A deletion of a run, with its history.
///
/// ```
/// use durably::{error::RpcError, interceptor::{ClientInterceptor, DeleteRequest, Next}, prelude::*};
///
/// struct Keep;
///
/// impl ClientInterceptor for Keep {
///     async fn delete(&self, request: DeleteRequest, _: Next<DeleteRequest>) -> Result<()> {
///         let message = format!("`{}` stays", request.workflow_id);
///         Err(RpcError::PermissionDenied { message }.into())
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeleteRequest {
    /// The workflow id.
    pub workflow_id: String,
    /// The run; the latest one if not set.
    pub run_id: Option<String>,
}

/// A change of the options of a workflow.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, Next, UpdateOptionsRequest}, prelude::*};
///
/// struct Log;
///
/// impl ClientInterceptor for Log {
///     async fn update_options(
///         &self,
///         request: UpdateOptionsRequest,
///         next: Next<UpdateOptionsRequest>,
///     ) -> Result<()> {
///         let what = (&request.priority, request.changes_versioning());
///         tracing::info!("options of {}: {what:?}", request.workflow_id);
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UpdateOptionsRequest {
    /// The workflow id.
    pub workflow_id: String,
    /// The run; the latest one if not set.
    pub run_id: Option<String>,
    /// How urgent its tasks are from now on; as before if not set.
    pub priority: Option<Priority>,
    /// How it skips time from now on; as before if not set.
    pub time_skipping: Option<TimeSkipping>,
    versioning: Option<OverrideChange>,
}

/// A wait for the end of a fast-forward.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, FastForwardRequest, Next}, prelude::*};
///
/// struct Log;
///
/// impl ClientInterceptor for Log {
///     async fn fast_forwarded(
///         &self,
///         request: FastForwardRequest,
///         next: Next<FastForwardRequest>,
///     ) -> Result<()> {
///         tracing::info!("{} skips time to {}", request.workflow_id, request.id);
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FastForwardRequest {
    /// The workflow id.
    pub workflow_id: String,
    /// The run; the latest one if not set.
    pub run_id: Option<String>,
    /// The id of the fast-forward.
    pub id: String,
}

impl ResetRequest {
    pub(crate) fn new(
        workflow_id: &str,
        run_id: Option<&str>,
        point: ResetPoint,
        reason: String,
    ) -> Self {
        Self {
            workflow_id: workflow_id.to_owned(),
            run_id: run_id.map(str::to_owned),
            point,
            reason,
        }
    }
}

impl DeleteRequest {
    pub(crate) fn new(workflow_id: &str, run_id: Option<&str>) -> Self {
        Self {
            workflow_id: workflow_id.to_owned(),
            run_id: run_id.map(str::to_owned),
        }
    }
}

impl UpdateOptionsRequest {
    pub(crate) fn new(request: UpdateWorkflowOptions) -> Self {
        let priority = request.options.priority;
        Self {
            workflow_id: request.execution.workflow_id,
            run_id: some(request.execution.run_id),
            priority: priority.map(|priority| Priority::recorded(&priority)),
            time_skipping: request.options.time_skipping,
            versioning: request.options.versioning,
        }
    }

    pub(crate) fn into_wire(self) -> UpdateWorkflowOptions {
        UpdateWorkflowOptions {
            execution: execution(self.workflow_id, self.run_id),
            options: WorkflowOptions {
                priority: self.priority.map(Priority::into_engine),
                versioning: self.versioning,
                time_skipping: self.time_skipping,
            },
        }
    }

    /// Whether the version of the worker that runs the workflow is changed.
    pub fn changes_versioning(&self) -> bool {
        self.versioning.is_some()
    }
}

//! The requests of a client about activities, as interceptors see them.

use crate::{
    data::Bytes,
    wire::activity_operations::{ActivityName, ActivitySelection},
};

/// A report on an activity whose function has left its completion to a client.
///
/// ```
/// use durably::{interceptor::{ActivityReport, ActivityReportRequest, ClientInterceptor, Next}, prelude::*};
///
/// struct Log;
///
/// impl ClientInterceptor for Log {
///     async fn report_activity(
///         &self,
///         request: ActivityReportRequest,
///         next: Next<ActivityReportRequest>,
///     ) -> Result<()> {
///         if request.report != ActivityReport::Heartbeat {
///             tracing::info!("{:?} of {:?} in {:?}", request.report, request.activity_id, request.workflow_id);
///         }
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActivityReportRequest {
    /// What is reported.
    pub report: ActivityReport,
    /// The task token, if the client names the activity by it.
    pub task_token: Option<Bytes>,
    /// The workflow id, if the client names the activity by ids.
    pub workflow_id: Option<String>,
    /// The run, if the client names one.
    pub run_id: Option<String>,
    /// The id of the activity, if the client names it by ids.
    pub activity_id: Option<String>,
}

/// What a client reports on an activity.
///
/// ```
/// use durably::interceptor::ActivityReport;
///
/// fn ends_it(report: ActivityReport) -> bool {
///     report != ActivityReport::Heartbeat
/// }
/// assert!(ends_it(ActivityReport::Failure));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActivityReport {
    /// Its result.
    Completion,
    /// Why it has failed.
    Failure,
    /// That it has ended because it was cancelled.
    Cancellation,
    /// That it is alive.
    Heartbeat,
}

impl ActivityReport {
    /// The report, for errors.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Completion => "completion",
            Self::Failure => "failure",
            Self::Cancellation => "cancellation",
            Self::Heartbeat => "heartbeat",
        }
    }
}

/// A request about pending activities of a workflow.
///
/// ```
/// use durably::{error::RpcError, prelude::*};
/// use durably::interceptor::{ActivityOperation, ActivityOperationRequest, ClientInterceptor, Next};
///
/// /// Lets nobody pause activities.
/// struct NoPause;
///
/// impl ClientInterceptor for NoPause {
///     async fn operate_activities(
///         &self,
///         request: ActivityOperationRequest,
///         next: Next<ActivityOperationRequest>,
///     ) -> Result<()> {
///         if request.operation == ActivityOperation::Pause {
///             let message = format!("{:?} of {} goes on", request.activities, request.workflow_id);
///             return Err(RpcError::PermissionDenied { message }.into());
///         }
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActivityOperationRequest {
    /// The workflow id.
    pub workflow_id: String,
    /// The run; the latest one if not set.
    pub run_id: Option<String>,
    /// Which of its pending activities.
    pub activities: PendingActivities,
    /// What is requested. Requests stay what they are, whatever an interceptor writes here.
    pub operation: ActivityOperation,
}

/// The pending activities that a request is about.
///
/// ```
/// use durably::interceptor::PendingActivities;
///
/// fn is_one(activities: &PendingActivities) -> bool {
///     matches!(activities, PendingActivities::Id(_))
/// }
/// assert!(!is_one(&PendingActivities::All));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PendingActivities {
    /// The one of this id.
    Id(String),
    /// Those of this type.
    Type(String),
    /// All.
    All,
}

/// What is requested of pending activities.
///
/// ```
/// use durably::interceptor::ActivityOperation;
///
/// fn changes_options(operation: ActivityOperation) -> bool {
///     matches!(operation, ActivityOperation::UpdateOptions | ActivityOperation::RestoreOptions)
/// }
/// assert!(!changes_options(ActivityOperation::Pause));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActivityOperation {
    /// A pause.
    Pause,
    /// The end of a pause.
    Unpause,
    /// A new beginning.
    Reset,
    /// Other options.
    UpdateOptions,
    /// The options that the workflow has set.
    RestoreOptions,
}

impl From<&ActivitySelection> for PendingActivities {
    fn from(selection: &ActivitySelection) -> Self {
        match selection {
            ActivitySelection::Named(ActivityName::Id(id)) => Self::Id(id.clone()),
            ActivitySelection::Named(ActivityName::Type(name)) => Self::Type(name.clone()),
            ActivitySelection::All => Self::All,
        }
    }
}

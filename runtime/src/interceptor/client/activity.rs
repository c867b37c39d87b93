//! The requests of a client about activities, as interceptors see them.

use crate::data::Bytes;

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

//! The requests of a client other than those that change one workflow, as interceptors see them.

use crate::{
    data::{Args, Bytes, Callee, Converter, Headers},
    wire::schedule::Action,
};

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

/// A request for a page of a list.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, ListRequest, Listed, Next}, prelude::*};
///
/// /// Lists the workflows of one team only.
/// struct Team(&'static str);
///
/// impl ClientInterceptor for Team {
///     async fn list(&self, mut request: ListRequest, next: Next<ListRequest>) -> Result<()> {
///         if request.listed == Listed::Workflows {
///             let own = format!("Team = '{}'", self.0);
///             request.filter = match request.filter.as_str() {
///                 "" => own,
///                 filter => format!("({filter}) AND {own}"),
///             };
///         }
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListRequest {
    /// What is listed.
    pub listed: Listed,
    /// The list filter; empty for all.
    pub filter: String,
}

/// What a list has.
///
/// ```
/// use durably::interceptor::Listed;
///
/// fn may_be_filtered(listed: Listed) -> bool {
///     matches!(listed, Listed::Workflows | Listed::Schedules)
/// }
/// assert!(may_be_filtered(Listed::Workflows));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Listed {
    /// Workflows, or their histories.
    Workflows,
    /// Schedules.
    Schedules,
    /// Batches.
    Batches,
    /// Namespaces.
    Namespaces,
    /// Workers.
    Workers,
}

impl Listed {
    /// The items, for errors.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Workflows => "workflows",
            Self::Schedules => "schedules",
            Self::Batches => "batches",
            Self::Namespaces => "namespaces",
            Self::Workers => "workers",
        }
    }
}

/// A request for a number of workflows.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, CountRequest, Next}, prelude::*};
///
/// struct Log;
///
/// impl ClientInterceptor for Log {
///     async fn count(&self, request: CountRequest, next: Next<CountRequest>) -> Result<()> {
///         tracing::info!("count of {}", request.filter);
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CountRequest {
    /// The list filter; empty for all.
    pub filter: String,
}

/// A schedule about to be created.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, CreateScheduleRequest, Next}, prelude::*};
///
/// struct Tenant(&'static str);
///
/// impl ClientInterceptor for Tenant {
///     async fn create_schedule(
///         &self,
///         mut request: CreateScheduleRequest,
///         next: Next<CreateScheduleRequest>,
///     ) -> Result<()> {
///         request.headers.set("tenant", self.0)?;
///         tracing::info!("{} starts {}", request.schedule_id, request.workflow_type);
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct CreateScheduleRequest {
    /// The id of the schedule.
    pub schedule_id: String,
    /// The id of its workflows, to which the server adds the time.
    pub workflow_id: String,
    /// The name of their type.
    pub workflow_type: String,
    /// The task queue of their workers.
    pub task_queue: String,
    /// Their arguments.
    pub args: Args,
    /// Their headers.
    pub headers: Headers,
}

/// A request about a schedule that exists.
///
/// ```
/// use durably::{error::RpcError, prelude::*};
/// use durably::interceptor::{ClientInterceptor, Next, ScheduleOperation, ScheduleRequest};
///
/// struct ReadOnly;
///
/// impl ClientInterceptor for ReadOnly {
///     async fn schedule(&self, request: ScheduleRequest, next: Next<ScheduleRequest>) -> Result<()> {
///         if request.operation == ScheduleOperation::Delete {
///             let message = format!("schedule `{}` stays", request.schedule_id);
///             return Err(RpcError::PermissionDenied { message }.into());
///         }
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScheduleRequest {
    /// The id of the schedule.
    pub schedule_id: String,
    /// What is requested.
    pub operation: ScheduleOperation,
}

/// What is requested of a schedule.
///
/// ```
/// use durably::interceptor::ScheduleOperation;
///
/// fn only_reads(operation: ScheduleOperation) -> bool {
///     matches!(operation, ScheduleOperation::Describe | ScheduleOperation::Times)
/// }
/// assert!(only_reads(ScheduleOperation::Times));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScheduleOperation {
    /// Its description.
    Describe,
    /// Another definition.
    Update,
    /// A pause.
    Pause,
    /// The end of a pause.
    Unpause,
    /// A workflow now.
    Trigger,
    /// The workflows of a range of times.
    Backfill,
    /// The times of a range.
    Times,
    /// Its deletion.
    Delete,
}

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

impl CreateScheduleRequest {
    pub(crate) fn new(id: &str, action: &mut Action, converter: &Converter) -> Self {
        use std::mem::take;
        let callee = Callee::Workflow(action.workflow_type.clone().into());
        Self {
            schedule_id: id.to_owned(),
            workflow_id: take(&mut action.workflow_id),
            workflow_type: take(&mut action.workflow_type),
            task_queue: take(&mut action.task_queue),
            args: Args::new(callee, take(&mut action.input), converter.clone()),
            headers: Headers::new(take(&mut action.header), converter),
        }
    }

    /// The id of the schedule, whose action is that of the request.
    pub(crate) fn into_wire(self, action: &mut Action) -> String {
        action.workflow_id = self.workflow_id;
        action.workflow_type = self.workflow_type;
        action.task_queue = self.task_queue;
        action.input = self.args.into_payloads();
        action.header = self.headers.into_fields();
        self.schedule_id
    }
}

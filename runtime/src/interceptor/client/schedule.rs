//! The requests of a client about schedules, as interceptors see them.

use crate::{
    data::{Args, Callee, Converter, Headers},
    wire::schedule::Action,
};

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

//! Descriptions of workflows.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use durably_engine::{FailureRecord, Header, Payload, Priority};
use durably_proto::api::{
    common::v1::callback::Variant,
    enums::v1 as proto,
    enums::v1::{PendingActivityState, PendingWorkflowTaskState, WorkflowExecutionStatus},
    workflow::v1 as workflow,
    workflow::v1::pending_activity_info::{PauseInfo, pause_info::PausedBy},
    workflowservice::v1 as pb,
};

use super::{
    WireError,
    activity_operations::{self, ReportedOptions},
    deployment::RunVersioning,
    event, failure, payload,
    payload_fields::Subject,
    request::{Execution, Request, Sender},
    time::{instant, limit},
    time_skipping::TimeSkippingState,
};

/// The status of a workflow.
///
/// ```no_run
/// # use durably::prelude::*;
/// use durably::client::WorkflowStatus;
///
/// # async fn example(client: Client) -> Result<()> {
/// let order = client.handle("order-1").describe().await?;
/// match order.summary.status {
///     status if status.is_running() => println!("{status}"),
///     WorkflowStatus::Completed => println!("done at {:?}", order.summary.close_time),
///     status => println!("no result: {status}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WorkflowStatus {
    /// It runs.
    Running,
    /// It runs, but is held.
    Paused,
    /// It gave a result.
    Completed,
    /// It returned an error.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// It was terminated.
    Terminated,
    /// It continued in another run.
    ContinuedAsNew,
    /// It took too long.
    TimedOut,
    /// A state this version does not know.
    Unknown,
}

impl WorkflowStatus {
    /// Whether the workflow has not come to its end.
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

impl WorkflowStatus {
    /// The name of the state in list filters.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Paused => "Paused",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Cancelled => "Canceled",
            Self::Terminated => "Terminated",
            Self::ContinuedAsNew => "ContinuedAsNew",
            Self::TimedOut => "TimedOut",
            Self::Unknown => "Unknown",
        }
    }
}

impl fmt::Display for WorkflowStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Terminated => "terminated",
            Self::ContinuedAsNew => "continued as new",
            Self::TimedOut => "timed out",
            Self::Unknown => "in an unknown state",
        })
    }
}

/// One run of a workflow, as lists show it.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) workflow_id: String,
    pub(crate) run_id: String,
    pub(crate) workflow_type: String,
    pub(crate) status: WorkflowStatus,
    pub(crate) task_queue: String,
    pub(crate) start_time: Option<SystemTime>,
    pub(crate) execution_time: Option<SystemTime>,
    pub(crate) close_time: Option<SystemTime>,
    pub(crate) history_length: u64,
    pub(crate) history_bytes: u64,
    pub(crate) root_id: Option<String>,
    pub(crate) parent_id: Option<String>,
    pub(crate) memo: Header,
    pub(crate) search_attributes: Header,
}

/// Describes one run of a workflow.
#[derive(Debug)]
pub(crate) struct DescribeWorkflow {
    pub(crate) execution: Execution,
}

#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) summary: Summary,
    /// The first run of its chain; empty if the server does not name it.
    pub(crate) first_run_id: String,
    pub(crate) activities: Vec<PendingActivity>,
    pub(crate) children: Vec<PendingChild>,
    pub(crate) versioning: RunVersioning,
    pub(crate) callbacks: Vec<PendingCallback>,
    pub(crate) execution_timeout: Option<Duration>,
    pub(crate) run_timeout: Option<Duration>,
    pub(crate) task_timeout: Option<Duration>,
    pub(crate) workflow_task: Option<PendingWorkflowTask>,
    pub(crate) priority: Priority,
    /// Summary and details of the start, for people.
    pub(crate) static_summary: Option<Payload>,
    pub(crate) static_details: Option<Payload>,
    /// None from a server that does not know it.
    pub(crate) time_skipping: Option<TimeSkippingState>,
}

/// An activity that is not finished.
#[derive(Clone, Debug)]
pub(crate) struct PendingActivity {
    pub(crate) id: String,
    pub(crate) activity_type: String,
    /// From 1.
    pub(crate) attempt: u32,
    /// None if there is no limit.
    pub(crate) max_attempts: Option<u32>,
    pub(crate) is_started: bool,
    pub(crate) last_started: Option<SystemTime>,
    pub(crate) last_heartbeat: Option<SystemTime>,
    pub(crate) last_failure: Option<FailureRecord>,
    pub(crate) last_worker: String,
    pub(crate) is_cancel_requested: bool,
    pub(crate) is_paused: bool,
    pub(crate) pause: Option<PauseRecord>,
    pub(crate) options: ReportedOptions,
    pub(crate) scheduled: Option<SystemTime>,
    /// When its time is over, retries included.
    pub(crate) expires: Option<SystemTime>,
    /// When the next attempt is due, after a failed one.
    pub(crate) next_attempt: Option<SystemTime>,
    pub(crate) heartbeat: Vec<Payload>,
}

/// The pause of an activity.
#[derive(Clone, Debug)]
pub(crate) struct PauseRecord {
    pub(crate) at: Option<SystemTime>,
    pub(crate) identity: String,
    pub(crate) reason: String,
}

/// A child that is not finished.
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example(client: Client) -> Result<()> {
/// for child in client.handle("order-1").describe().await?.pending_children {
///     println!("{} {}", child.workflow_type, client.handle(child.workflow_id).describe().await?.status);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingChild {
    /// Its workflow id.
    pub workflow_id: String,
    /// Its run; empty if it has not started yet.
    pub run_id: String,
    /// The type of the workflow.
    pub workflow_type: String,
}

/// A callback that the server calls when the workflow has closed.
#[derive(Clone, Debug)]
pub(crate) struct PendingCallback {
    pub(crate) url: String,
    pub(crate) state: CallbackState,
    pub(crate) attempt: u32,
    pub(crate) last_failure: Option<FailureRecord>,
    pub(crate) next_attempt: Option<SystemTime>,
}

/// Where a callback stands.
///
/// ```no_run
/// # use durably::prelude::*;
/// use durably::client::CallbackState;
///
/// # async fn example(client: Client) -> Result<()> {
/// for callback in client.handle("order-1").describe().await?.callbacks {
///     if callback.state == CallbackState::BackingOff {
///         println!("{} failed: {:?}", callback.url, callback.last_failure);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackState {
    /// The workflow has not closed.
    Standby,
    /// It is called now.
    Scheduled,
    /// A call failed, and the next one is due later.
    BackingOff,
    /// It failed for good.
    Failed,
    /// It has succeeded.
    Succeeded,
    /// The server does not call it, because calls of its kind fail.
    Blocked,
    /// A state this version does not know.
    Unknown,
}

/// A workflow task that is not completed.
#[derive(Clone, Debug)]
pub(crate) struct PendingWorkflowTask {
    /// From 1.
    pub(crate) attempt: u32,
    /// Since when it waits for a worker; none if one has it.
    pub(crate) waiting_since: Option<SystemTime>,
    pub(crate) started: Option<SystemTime>,
}

impl Request for DescribeWorkflow {
    type Message = pb::DescribeWorkflowExecutionRequest;
    type Reply = pb::DescribeWorkflowExecutionResponse;
    type Response = Description;
    const SHOWS_MANY: bool = true;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::DescribeWorkflowExecutionRequest {
            namespace: sender.namespace(),
            execution: Some(self.execution.into_proto()),
        }
    }

    fn about(message: &Self::Message) -> Subject {
        Execution::about(message.execution.as_ref())
    }

    fn read(reply: Self::Reply) -> Result<Description, WireError> {
        const PLACE: &str = "description of a workflow";
        let info = reply
            .workflow_execution_info
            .ok_or_else(|| WireError::missing(PLACE, "workflow_execution_info"))?;
        let versioning = RunVersioning::from_proto(info.versioning_info.clone());
        let priority = info.priority.clone().map(event::priority);
        let first_run_id = info.first_run_id.clone();
        let config = reply.execution_config.unwrap_or_default();
        let extended = reply.workflow_extended_info.unwrap_or_default();
        let metadata = config.user_metadata.unwrap_or_default();
        let activities = reply.pending_activities.into_iter().map(pending_activity);
        let children = reply.pending_children.into_iter().map(|it| PendingChild {
            workflow_id: it.workflow_id,
            run_id: it.run_id,
            workflow_type: it.workflow_type_name,
        });
        let callbacks = reply.callbacks.into_iter().map(callback);
        Ok(Description {
            summary: summary(PLACE, info)?,
            first_run_id,
            activities: activities.collect(),
            children: children.collect(),
            versioning,
            callbacks: callbacks.collect(),
            execution_timeout: limit(config.workflow_execution_timeout),
            run_timeout: limit(config.workflow_run_timeout),
            task_timeout: limit(config.default_workflow_task_timeout),
            workflow_task: reply.pending_workflow_task.map(pending_workflow_task),
            priority: priority.unwrap_or_default(),
            static_summary: metadata.summary.map(payload::from_proto),
            static_details: metadata.details.map(payload::from_proto),
            time_skipping: extended
                .time_skipping_info
                .map(TimeSkippingState::from_proto),
        })
    }
}

pub(super) fn summary(
    place: &str,
    info: workflow::WorkflowExecutionInfo,
) -> Result<Summary, WireError> {
    let execution = info
        .execution
        .ok_or_else(|| WireError::missing(place, "execution"))?;
    let workflow_type = info
        .r#type
        .ok_or_else(|| WireError::missing(place, "type"))?;
    Ok(Summary {
        workflow_id: execution.workflow_id,
        run_id: execution.run_id,
        workflow_type: workflow_type.name,
        status: status(info.status),
        task_queue: info.task_queue,
        start_time: info.start_time.and_then(instant),
        execution_time: info.execution_time.and_then(instant),
        close_time: info.close_time.and_then(instant),
        history_length: info.history_length.max(0).cast_unsigned(),
        history_bytes: info.history_size_bytes.max(0).cast_unsigned(),
        root_id: info.root_execution.map(|root| root.workflow_id),
        parent_id: info.parent_execution.map(|parent| parent.workflow_id),
        memo: payload::memo_from_proto(info.memo),
        search_attributes: payload::search_attributes_from_proto(info.search_attributes),
    })
}

pub(super) fn status(status: i32) -> WorkflowStatus {
    match WorkflowExecutionStatus::try_from(status) {
        Ok(WorkflowExecutionStatus::Running) => WorkflowStatus::Running,
        Ok(WorkflowExecutionStatus::Paused) => WorkflowStatus::Paused,
        Ok(WorkflowExecutionStatus::Completed) => WorkflowStatus::Completed,
        Ok(WorkflowExecutionStatus::Failed) => WorkflowStatus::Failed,
        Ok(WorkflowExecutionStatus::Canceled) => WorkflowStatus::Cancelled,
        Ok(WorkflowExecutionStatus::Terminated) => WorkflowStatus::Terminated,
        Ok(WorkflowExecutionStatus::ContinuedAsNew) => WorkflowStatus::ContinuedAsNew,
        Ok(WorkflowExecutionStatus::TimedOut) => WorkflowStatus::TimedOut,
        Ok(WorkflowExecutionStatus::Unspecified) | Err(_) => WorkflowStatus::Unknown,
    }
}

fn pending_activity(info: workflow::PendingActivityInfo) -> PendingActivity {
    use PendingActivityState::{CancelRequested, PauseRequested, Started};
    let state = info.state();
    PendingActivity {
        id: info.activity_id,
        activity_type: info.activity_type.unwrap_or_default().name,
        attempt: info.attempt.max(0).cast_unsigned(),
        max_attempts: u32::try_from(info.maximum_attempts)
            .ok()
            .filter(|most| *most > 0),
        // What was requested reaches the worker with a heartbeat; until then it runs the activity.
        is_started: matches!(state, Started | CancelRequested | PauseRequested),
        last_started: info.last_started_time.and_then(instant),
        last_heartbeat: info.last_heartbeat_time.and_then(instant),
        last_failure: info.last_failure.map(failure::from_proto),
        last_worker: info.last_worker_identity,
        is_cancel_requested: state == CancelRequested,
        is_paused: info.paused,
        pause: info.pause_info.map(pause),
        options: activity_operations::options(info.activity_options.unwrap_or_default()),
        scheduled: info.scheduled_time.and_then(instant),
        expires: info.expiration_time.and_then(instant),
        next_attempt: info.next_attempt_schedule_time.and_then(instant),
        heartbeat: payload::list_from_proto(info.heartbeat_details),
    }
}

fn pause(info: PauseInfo) -> PauseRecord {
    let (identity, reason) = match info.paused_by {
        Some(PausedBy::Manual(manual)) => (manual.identity, manual.reason),
        Some(PausedBy::Rule(rule)) => (rule.identity, rule.reason),
        None => Default::default(),
    };
    PauseRecord {
        at: info.pause_time.and_then(instant),
        identity,
        reason,
    }
}

fn callback(info: workflow::CallbackInfo) -> PendingCallback {
    let state = match proto::CallbackState::try_from(info.state) {
        Ok(proto::CallbackState::Standby) => CallbackState::Standby,
        Ok(proto::CallbackState::Scheduled) => CallbackState::Scheduled,
        Ok(proto::CallbackState::BackingOff) => CallbackState::BackingOff,
        Ok(proto::CallbackState::Failed) => CallbackState::Failed,
        Ok(proto::CallbackState::Succeeded) => CallbackState::Succeeded,
        Ok(proto::CallbackState::Blocked) => CallbackState::Blocked,
        Ok(proto::CallbackState::Unspecified) | Err(_) => CallbackState::Unknown,
    };
    let url = match info.callback.and_then(|it| it.variant) {
        Some(Variant::Nexus(nexus)) => nexus.url,
        _ => String::new(),
    };
    PendingCallback {
        url,
        state,
        attempt: info.attempt.max(0).cast_unsigned(),
        last_failure: info.last_attempt_failure.map(failure::from_proto),
        next_attempt: info.next_attempt_schedule_time.and_then(instant),
    }
}

fn pending_workflow_task(info: workflow::PendingWorkflowTaskInfo) -> PendingWorkflowTask {
    let waits = info.state() == PendingWorkflowTaskState::Scheduled;
    PendingWorkflowTask {
        attempt: info.attempt.max(0).cast_unsigned(),
        waiting_since: info.scheduled_time.filter(|_| waits).and_then(instant),
        started: info.started_time.filter(|_| !waits).and_then(instant),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_has_an_activity_until_a_request_has_reached_it() {
        let in_state = |state: PendingActivityState| {
            let found = pending_activity(workflow::PendingActivityInfo {
                state: state.into(),
                ..Default::default()
            });
            (found.is_started, found.is_cancel_requested)
        };
        assert_eq!(in_state(PendingActivityState::Scheduled), (false, false));
        assert_eq!(in_state(PendingActivityState::Started), (true, false));
        assert_eq!(
            in_state(PendingActivityState::CancelRequested),
            (true, true)
        );
        assert_eq!(
            in_state(PendingActivityState::PauseRequested),
            (true, false)
        );
        assert_eq!(in_state(PendingActivityState::Paused), (false, false));
    }
}

//! What the server knows of a workflow.

use std::{fmt, time::SystemTime};

use durably_engine::Header;
use durably_proto::api::{
    enums::v1::{PendingActivityState, WorkflowExecutionStatus},
    workflow::v1::{PendingActivityInfo, WorkflowExecutionInfo},
    workflowservice::v1::DescribeWorkflowExecutionRequest,
};

use super::target::{AT_ONCE, FromClient};
use crate::{
    client::call::{Call, within},
    data::Data,
    error::{DataError, Failure, HandleError},
    wire::{failure, payload, time::instant},
};

/// Where a workflow stands.
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
    /// It went on in another run.
    ContinuedAsNew,
    /// It took too long.
    TimedOut,
    /// A state this version does not know.
    Unknown,
}

impl WorkflowStatus {
    pub(crate) fn from_proto(status: i32) -> Self {
        match WorkflowExecutionStatus::try_from(status) {
            Ok(WorkflowExecutionStatus::Running) => Self::Running,
            Ok(WorkflowExecutionStatus::Paused) => Self::Paused,
            Ok(WorkflowExecutionStatus::Completed) => Self::Completed,
            Ok(WorkflowExecutionStatus::Failed) => Self::Failed,
            Ok(WorkflowExecutionStatus::Canceled) => Self::Cancelled,
            Ok(WorkflowExecutionStatus::Terminated) => Self::Terminated,
            Ok(WorkflowExecutionStatus::ContinuedAsNew) => Self::ContinuedAsNew,
            Ok(WorkflowExecutionStatus::TimedOut) => Self::TimedOut,
            Ok(WorkflowExecutionStatus::Unspecified) | Err(_) => Self::Unknown,
        }
    }

    /// Whether the workflow has not come to its end.
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
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
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkflowSummary {
    /// The workflow id.
    pub workflow_id: String,
    /// The run.
    pub run_id: String,
    /// The type of the workflow.
    pub workflow_type: String,
    /// Where it stands.
    pub status: WorkflowStatus,
    /// The task queue of its workers.
    pub task_queue: String,
    /// When it was started.
    pub start_time: Option<SystemTime>,
    /// When its first workflow task was due: after a start delay or a pause.
    pub execution_time: Option<SystemTime>,
    /// When it came to its end.
    pub close_time: Option<SystemTime>,
    /// How many events its history has.
    pub history_length: u64,
    /// The workflow id of the parent, if it is a child.
    pub parent_id: Option<String>,
    memo: Header,
    search_attributes: Header,
}

impl WorkflowSummary {
    pub(crate) fn from_proto(info: WorkflowExecutionInfo) -> Self {
        let execution = info.execution.unwrap_or_default();
        Self {
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
            workflow_type: info.r#type.unwrap_or_default().name,
            status: WorkflowStatus::from_proto(info.status),
            task_queue: info.task_queue,
            start_time: info.start_time.and_then(instant),
            execution_time: info.execution_time.and_then(instant),
            close_time: info.close_time.and_then(instant),
            history_length: info.history_length.max(0).cast_unsigned(),
            parent_id: info.parent_execution.map(|parent| parent.workflow_id),
            memo: payload::memo_from_proto(info.memo),
            search_attributes: payload::search_attributes_from_proto(info.search_attributes),
        }
    }

    /// A note that is kept with the workflow.
    ///
    /// # Errors
    /// It is no `T`.
    pub fn memo<T: Data>(&self, name: &str) -> Result<Option<T>, DataError> {
        read(&self.memo, name, "memo")
    }

    /// An attribute that list filters can name.
    ///
    /// # Errors
    /// It is no `T`.
    pub fn search_attribute<T: Data>(&self, name: &str) -> Result<Option<T>, DataError> {
        read(&self.search_attributes, name, "search attribute")
    }
}

fn read<T: Data>(named: &Header, name: &str, kind: &str) -> Result<Option<T>, DataError> {
    let Some(payload) = named.get(name) else {
        return Ok(None);
    };
    let what = || format!("{kind} `{name}`");
    DataError::read_at(std::slice::from_ref(payload), 0, what).map(Some)
}

/// What the server knows of one run of a workflow.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkflowDescription {
    /// What lists show too.
    pub summary: WorkflowSummary,
    /// The activities that are not finished.
    pub pending_activities: Vec<PendingActivity>,
    /// The workflow ids of the children that are not finished.
    pub pending_children: Vec<String>,
}

/// An activity that is not finished.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PendingActivity {
    /// Its id.
    pub id: String,
    /// Its type.
    pub activity_type: String,
    /// Which attempt runs, or comes next; from 1.
    pub attempt: u32,
    /// Whether a worker has it; if not, it waits for one or for its next attempt.
    pub is_started: bool,
    /// When the attempt was started, or the last one was.
    pub last_started: Option<SystemTime>,
    /// When it last said that it is alive.
    pub last_heartbeat: Option<SystemTime>,
    /// What the last attempt failed with.
    pub last_failure: Option<Failure>,
    /// The worker of the last attempt.
    pub last_worker: String,
}

impl PendingActivity {
    fn from_proto(info: PendingActivityInfo) -> Self {
        Self {
            id: info.activity_id,
            activity_type: info.activity_type.unwrap_or_default().name,
            attempt: info.attempt.max(0).cast_unsigned(),
            is_started: info.state == i32::from(PendingActivityState::Started),
            last_started: info.last_started_time.and_then(instant),
            last_heartbeat: info.last_heartbeat_time.and_then(instant),
            last_failure: info
                .last_failure
                .map(|recorded| Failure::from_record(failure::from_proto(recorded))),
            last_worker: info.last_worker_identity,
        }
    }
}

impl std::ops::Deref for WorkflowDescription {
    type Target = WorkflowSummary;

    fn deref(&self) -> &WorkflowSummary {
        &self.summary
    }
}

pub(crate) fn call(target: &FromClient) -> Call<WorkflowDescription, HandleError> {
    let target = target.clone();
    Call::new(|timeout| async move {
        let what = || format!("description of workflow `{}`", target.workflow_id());
        within(timeout, what, workflow(&target)).await
    })
}

async fn workflow(target: &FromClient) -> Result<WorkflowDescription, HandleError> {
    let run = target.run_id().unwrap_or_default();
    let request = DescribeWorkflowExecutionRequest {
        namespace: target.namespace(),
        execution: target.execution_of_run(run.to_owned()),
    };
    let answer = target.rpc().describe_workflow_execution(request, AT_ONCE);
    let answer = answer
        .await
        .map_err(|status| target.refused::<HandleError>(status))?;
    let children = answer.pending_children.into_iter();
    let activities = answer.pending_activities.into_iter();
    Ok(WorkflowDescription {
        summary: WorkflowSummary::from_proto(answer.workflow_execution_info.unwrap_or_default()),
        pending_activities: activities.map(PendingActivity::from_proto).collect(),
        pending_children: children.map(|child| child.workflow_id).collect(),
    })
}

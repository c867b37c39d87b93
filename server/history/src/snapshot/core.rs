//! The core as a part: everything of a run that is small and is not in a collection.

use std::sync::Arc;

use durably_proto::api::common::v1::{Priority, WorkerVersionStamp};
use durably_proto::api::enums::v1::WorkflowExecutionStatus;
use durably_proto::wkt;

use crate::event_log::EventLog;
use crate::id::{EventId, Stamp};
use crate::queue::StickyQueue;
use crate::snapshot::message::{
    Empty, counter, nanos, recorded, required, time, timeout, timeout_message, up_to,
};
use crate::snapshot::versioning::VersioningMessage;
use crate::snapshot::virtual_time::VirtualTimeMessage;
use crate::state::{
    ContinueAsNewSuggestion, HistorySize, Phase, Run, ScheduledTask, StartedTask, TaskType,
    WorkflowTask,
};
use crate::time::{Time, to_proto};

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CoreMessage {
    /// Number of recorded events.
    #[prost(uint64, tag = "1")]
    pub(super) events: u64,
    #[prost(fixed64, tag = "2")]
    pub(super) events_checksum: u64,
    /// Number of parts, this one included.
    #[prost(uint64, tag = "3")]
    pub(super) parts: u64,
    #[prost(uint64, tag = "4")]
    pub(super) history_size: u64,
    /// Absent while the run is running.
    #[prost(message, optional, tag = "5")]
    closed: Option<ClosedMessage>,
    #[prost(oneof = "TaskMessage", tags = "6, 7, 8")]
    task: Option<TaskMessage>,
    #[prost(uint32, tag = "9")]
    pub(super) task_attempt: u32,
    #[prost(uint64, tag = "10")]
    pub(super) last_stamp: u64,
    #[prost(message, optional, tag = "11")]
    sticky: Option<StickyMessage>,
    #[prost(int64, tag = "12")]
    last_completed_started: i64,
    #[prost(bool, tag = "13")]
    pub(super) close_attempted: bool,
    #[prost(uint64, tag = "14")]
    pub(super) updates_admitted: u64,
    #[prost(bool, tag = "15")]
    pub(super) cancel_requested: bool,
    #[prost(uint64, tag = "16")]
    pub(super) signals: u64,
    #[prost(message, optional, tag = "17")]
    pub(super) last_worker_version: Option<WorkerVersionStamp>,
    #[prost(int64, tag = "18")]
    pub(super) transitions: i64,
    #[prost(fixed64, tag = "19")]
    pub(super) random: u64,
    #[prost(bool, tag = "20")]
    pub(super) awaits_parent: bool,
    #[prost(message, optional, tag = "21")]
    pub(super) versioning: Option<VersioningMessage>,
    #[prost(bool, tag = "22")]
    pub(super) deletion_requested: bool,
    #[prost(message, optional, tag = "23")]
    pub(super) updated_priority: Option<Priority>,
    #[prost(message, optional, tag = "24")]
    pub(super) virtual_time: Option<VirtualTimeMessage>,
    #[prost(string, optional, tag = "25")]
    pub(super) reset_run: Option<String>,
}

/// Field numbers are stable.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct ClosedMessage {
    #[prost(int32, tag = "1")]
    status: i32,
    #[prost(sfixed64, tag = "2")]
    at: i64,
}

/// The normal queue is in the configuration. Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
struct StickyMessage {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    schedule_to_start: Option<wkt::Duration>,
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Oneof)]
enum TaskMessage {
    #[prost(message, tag = "6")]
    Idle(Empty),
    #[prost(message, tag = "7")]
    Scheduled(ScheduledMessage),
    #[prost(message, tag = "8")]
    Started(Box<StartedMessage>),
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
struct ScheduledMessage {
    #[prost(uint64, tag = "1")]
    stamp: u64,
    #[prost(int64, tag = "2")]
    scheduled: i64,
    #[prost(sfixed64, tag = "3")]
    at: i64,
    #[prost(sfixed64, tag = "4")]
    original_at: i64,
    #[prost(message, optional, tag = "5")]
    timeout: Option<wkt::Duration>,
    #[prost(enumeration = "TaskTypeMessage", tag = "6")]
    task_type: i32,
    #[prost(sfixed64, optional, tag = "7")]
    waits_until: Option<i64>,
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
struct StartedMessage {
    #[prost(message, optional, tag = "1")]
    task: Option<ScheduledMessage>,
    #[prost(int64, tag = "2")]
    started: i64,
    #[prost(sfixed64, tag = "3")]
    at: i64,
    #[prost(string, tag = "4")]
    request_id: String,
    #[prost(string, tag = "5")]
    identity: String,
    #[prost(message, optional, tag = "6")]
    worker_version: Option<WorkerVersionStamp>,
    #[prost(uint64, tag = "7")]
    history_size: u64,
    #[prost(bool, tag = "8")]
    too_large: bool,
    #[prost(bool, tag = "9")]
    too_many_events: bool,
    #[prost(bool, tag = "10")]
    too_many_updates: bool,
    #[prost(bool, tag = "11")]
    target_changed: bool,
}

/// Numbers are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
enum TaskTypeMessage {
    Unknown = 0,
    Normal = 1,
    Transient = 2,
    Speculative = 3,
}

impl CoreMessage {
    /// The core of a run that has this many parts.
    pub(super) fn new(run: &Run, parts: usize) -> Self {
        let closed = match run.phase {
            Phase::Running => None,
            Phase::Closed { status, at } => Some(ClosedMessage {
                status: status.into(),
                at: at.as_unix_nanos(),
            }),
        };
        let task = match &run.task {
            WorkflowTask::Idle => TaskMessage::Idle(Empty {}),
            WorkflowTask::Scheduled(task) => TaskMessage::Scheduled(task.into()),
            WorkflowTask::Started(task) => TaskMessage::Started(Box::new(task.into())),
        };
        Self {
            events: run.events.len() as u64,
            events_checksum: run.events.checksum().value(),
            parts: parts as u64,
            history_size: run.history_size as u64,
            closed,
            task: Some(task),
            task_attempt: run.task_attempt,
            last_stamp: run.last_stamp.0,
            sticky: run.sticky.as_ref().map(|sticky| StickyMessage {
                name: sticky.name.to_string(),
                schedule_to_start: timeout_message(sticky.schedule_to_start),
            }),
            last_completed_started: run.last_completed_started.0,
            close_attempted: run.close_attempted,
            updates_admitted: run.updates.admitted(),
            cancel_requested: run.cancel_requested,
            deletion_requested: run.deletion_requested,
            signals: run.requests.signals_received() as u64,
            last_worker_version: run.last_worker_version.clone(),
            updated_priority: run.updated_priority.clone(),
            reset_run: run.reset_run.as_ref().map(ToString::to_string),
            transitions: run.transitions,
            random: run.random.state(),
            awaits_parent: run.awaits_parent,
            versioning: VersioningMessage::new(&run.versioning),
            virtual_time: run.virtual_time.as_deref().map(Into::into),
        }
    }

    pub(super) fn phase(&self) -> Result<Phase, String> {
        let Some(closed) = self.closed else {
            return Ok(Phase::Running);
        };
        match WorkflowExecutionStatus::try_from(closed.status) {
            Err(_)
            | Ok(WorkflowExecutionStatus::Unspecified | WorkflowExecutionStatus::Running) => {
                Err(format!("its status {} is unknown", closed.status))
            }
            Ok(status) => Ok(Phase::Closed {
                status,
                at: Time::from_unix_nanos(closed.at),
            }),
        }
    }

    pub(super) fn take_task(&mut self, events: &EventLog) -> Result<WorkflowTask, String> {
        Ok(match required("workflow task", self.task.take())? {
            TaskMessage::Idle(_) => WorkflowTask::Idle,
            TaskMessage::Scheduled(task) => WorkflowTask::Scheduled(task.restore(events)?),
            TaskMessage::Started(task) => WorkflowTask::Started(task.restore(events)?),
        })
    }

    pub(super) fn sticky(&self, normal_name: &Arc<str>) -> Result<Option<StickyQueue>, String> {
        let Some(sticky) = &self.sticky else {
            return Ok(None);
        };
        Ok(Some(StickyQueue {
            name: sticky.name.as_str().into(),
            normal_name: Arc::clone(normal_name),
            schedule_to_start: timeout("the sticky queue's timeout", sticky.schedule_to_start)?,
        }))
    }

    pub(super) fn last_completed_started(&self, events: &EventLog) -> Result<EventId, String> {
        match self.last_completed_started {
            0 => Ok(EventId::NONE),
            id => recorded("the last completed workflow task", id, events),
        }
    }
}

impl From<&ScheduledTask> for ScheduledMessage {
    fn from(task: &ScheduledTask) -> Self {
        let task_type = match task.task_type {
            TaskType::Normal => TaskTypeMessage::Normal,
            TaskType::Transient => TaskTypeMessage::Transient,
            TaskType::Speculative => TaskTypeMessage::Speculative,
        };
        Self {
            stamp: task.stamp.0,
            scheduled: task.scheduled.0,
            at: task.at.as_unix_nanos(),
            original_at: task.original_at.as_unix_nanos(),
            timeout: Some(to_proto(task.timeout)),
            task_type: task_type.into(),
            waits_until: nanos(task.waits_until),
        }
    }
}

impl ScheduledMessage {
    fn restore(self, events: &EventLog) -> Result<ScheduledTask, String> {
        let task_type = match self.task_type() {
            TaskTypeMessage::Normal => TaskType::Normal,
            TaskTypeMessage::Transient => TaskType::Transient,
            TaskTypeMessage::Speculative => TaskType::Speculative,
            TaskTypeMessage::Unknown => {
                return Err(format!("its task type {} is unknown", self.task_type));
            }
        };
        let timeout = timeout("the workflow task's timeout", self.timeout)?;
        Ok(ScheduledTask {
            stamp: Stamp(self.stamp),
            // The events of a task that is not recorded come after the recorded ones.
            scheduled: up_to(
                "the scheduled workflow task",
                self.scheduled,
                events.len() + 1,
            )?,
            at: Time::from_unix_nanos(self.at),
            original_at: Time::from_unix_nanos(self.original_at),
            timeout: required("workflow task timeout", timeout)?,
            task_type,
            waits_until: time(self.waits_until),
        })
    }
}

impl From<&StartedTask> for StartedMessage {
    fn from(task: &StartedTask) -> Self {
        let suggest = task.size.suggest;
        Self {
            task: Some((&task.task).into()),
            started: task.started.0,
            at: task.at.as_unix_nanos(),
            request_id: task.request_id.to_string(),
            identity: task.identity.clone(),
            worker_version: task.worker_version.clone(),
            history_size: task.size.bytes as u64,
            too_large: suggest.too_large,
            too_many_events: suggest.too_many_events,
            too_many_updates: suggest.too_many_updates,
            target_changed: task.target_changed,
        }
    }
}

impl StartedMessage {
    fn restore(self, events: &EventLog) -> Result<StartedTask, String> {
        let task = required("scheduled workflow task", self.task)?;
        let bytes = counter("the history's size", self.history_size, u64::MAX)?;
        Ok(StartedTask {
            task: task.restore(events)?,
            started: up_to("the started workflow task", self.started, events.len() + 2)?,
            at: Time::from_unix_nanos(self.at),
            request_id: self.request_id.into(),
            identity: self.identity,
            worker_version: self.worker_version,
            target_changed: self.target_changed,
            size: HistorySize {
                bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
                suggest: ContinueAsNewSuggestion {
                    too_large: self.too_large,
                    too_many_events: self.too_many_events,
                    too_many_updates: self.too_many_updates,
                },
            },
        })
    }
}

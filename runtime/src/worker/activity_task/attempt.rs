//! One attempt, as the server hands it out.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use durably_engine::{Header, Payload};

use crate::{
    activity::ActivityInfo,
    options::{Priority, Retry},
    wire::{activity_task::ActivityTask, payload_fields::Subject, status::CodecFault},
    worker::identity::Identity,
};

/// How long a report is tried for when the attempt has no deadline.
const PATIENCE: Duration = Duration::from_secs(600);

/// What reports and log lines about an attempt need to know of it.
pub(crate) struct Claim {
    pub(crate) info: Arc<ActivityInfo>,
    /// When the activity was scheduled, if the server says so; what is measured needs to know.
    pub(crate) scheduled_at: Option<SystemTime>,
    /// When the server stops waiting for the attempt, by the clock of this process.
    pub(crate) deadline: Option<Instant>,
}

/// The poll's response in its parts.
pub(crate) struct Attempt {
    pub(crate) claim: Arc<Claim>,
    pub(crate) input: Vec<Payload>,
    pub(crate) header: Header,
    /// Details of the previous attempt's last heartbeat.
    pub(crate) previous: Vec<Payload>,
    /// Why the payloads could not be decoded; the attempt has to fail.
    pub(crate) fault: Option<CodecFault>,
}

impl Attempt {
    pub(crate) fn of(identity: &Identity, task: ActivityTask) -> Self {
        let info = ActivityInfo {
            activity_id: task.activity_id,
            activity_type: task.activity_type,
            attempt: task.attempt,
            workflow_id: task.execution.workflow_id,
            run_id: task.execution.run_id,
            workflow_type: task.workflow_type,
            namespace: task.namespace,
            task_queue: identity.task_queue.clone(),
            scheduled_at: given(task.scheduled_at),
            attempt_scheduled_at: given(task.attempt_scheduled_at),
            started_at: given(task.started_at),
            start_to_close: task.start_to_close,
            schedule_to_close: task.schedule_to_close,
            heartbeat_timeout: task.heartbeat_timeout,
            retry: task.retry.as_ref().map(Retry::recorded),
            priority: Priority::recorded(&task.priority),
            is_local: false,
            task_token: task.token.into(),
        };
        let claim = Claim {
            deadline: deadline(&info, task.arrived),
            info: Arc::new(info),
            scheduled_at: task.scheduled_at,
        };
        Self {
            claim: Arc::new(claim),
            input: task.input,
            header: task.header,
            previous: task.heartbeat_details,
            fault: task.fault,
        }
    }
}

/// User code gets the beginning of time for what the server leaves out.
fn given(time: Option<SystemTime>) -> SystemTime {
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The deadline by the clock of this process. Only spans of the server's clock are used, so clocks
/// that differ do no harm.
fn deadline(info: &ActivityInfo, arrived: Instant) -> Option<Instant> {
    let left = info.deadline()?.duration_since(info.started_at);
    arrived.checked_add(left.unwrap_or_default())
}

impl Claim {
    /// For the codecs of payloads in a report, which belong to the workflow.
    pub(crate) fn about(&self) -> Subject {
        Subject::workflow(&self.info.workflow_id)
    }

    /// Until when a report is retried.
    pub(crate) fn patience(&self) -> Instant {
        self.deadline.unwrap_or_else(|| Instant::now() + PATIENCE)
    }
}

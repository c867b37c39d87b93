//! One attempt, as the server hands it out.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use durably_engine::Payload;
use durably_proto::{api::workflowservice::v1::PollActivityTaskQueueResponse, wkt::Timestamp};

use crate::{activity::ActivityInfo, wire, worker::identity::Identity};

/// How long a report is tried for when the attempt has no deadline.
const PATIENCE: Duration = Duration::from_secs(600);

/// What reports and log lines about an attempt need to know of it.
pub(crate) struct Claim {
    pub(crate) token: Vec<u8>,
    pub(crate) info: Arc<ActivityInfo>,
    /// When the server stops waiting for the attempt, by the clock of this process.
    pub(crate) deadline: Option<Instant>,
}

/// The poll's response in its parts.
pub(crate) struct Attempt {
    pub(crate) claim: Arc<Claim>,
    pub(crate) input: Vec<Payload>,
    /// Details of the previous attempt's last heartbeat.
    pub(crate) previous: Vec<Payload>,
}

impl Attempt {
    pub(crate) fn of(identity: &Identity, task: PollActivityTaskQueueResponse) -> Self {
        let execution = task.workflow_execution.unwrap_or_default();
        let started_at = time(task.started_time);
        let scheduled_at = time(task.scheduled_time);
        let info = ActivityInfo {
            activity_id: task.activity_id,
            activity_type: task.activity_type.unwrap_or_default().name,
            attempt: u32::try_from(task.attempt).unwrap_or(1),
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
            workflow_type: task.workflow_type.unwrap_or_default().name,
            namespace: task.workflow_namespace,
            task_queue: identity.task_queue.clone(),
            scheduled_at,
            attempt_scheduled_at: time(task.current_attempt_scheduled_time),
            started_at,
            start_to_close: wire::time::limit(task.start_to_close_timeout),
            schedule_to_close: wire::time::limit(task.schedule_to_close_timeout),
            heartbeat_timeout: wire::time::limit(task.heartbeat_timeout),
            is_local: false,
        };
        let claim = Claim {
            token: task.task_token,
            deadline: deadline(&info),
            info: Arc::new(info),
        };
        Self {
            claim: Arc::new(claim),
            input: wire::payload::list_from_proto(task.input),
            previous: wire::payload::list_from_proto(task.heartbeat_details),
        }
    }
}

/// The deadline by the clock of this process. Only spans of the server's clock are used, so clocks
/// that differ do no harm.
fn deadline(info: &ActivityInfo) -> Option<Instant> {
    let left = info.deadline()?.duration_since(info.started_at);
    Instant::now().checked_add(left.unwrap_or_default())
}

fn time(timestamp: Option<Timestamp>) -> SystemTime {
    timestamp
        .and_then(wire::time::instant)
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

impl Claim {
    /// Until when a report is retried.
    pub(crate) fn patience(&self) -> Instant {
        self.deadline.unwrap_or_else(|| Instant::now() + PATIENCE)
    }
}

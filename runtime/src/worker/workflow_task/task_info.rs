//! The names, the token and the time limit of a workflow task in progress.

use std::time::{Duration, Instant};

use durably_proto::api::{
    history::v1::history_event::Attributes, workflowservice::v1::PollWorkflowTaskQueueResponse,
};

use crate::wire;

/// The names, the token and the time limit of a workflow task in progress: what responses and log lines
/// need of it.
#[derive(Debug)]
pub(crate) struct TaskInfo {
    /// Identifies the task to the server.
    pub(crate) token: Vec<u8>,
    pub(crate) workflow_type: String,
    pub(crate) workflow_id: String,
    pub(crate) run_id: String,
    /// Which attempt at this task this is, from 1.
    pub(crate) attempt: u32,
    /// The task consists of a query; nothing it does is recorded.
    pub(crate) query_only: bool,
    /// When it arrived.
    pub(crate) since: Instant,
    /// How long the server waits for the response, from the start of the task on.
    pub(crate) timeout: Duration,
}

/// The server's default, for a task without the event that scheduled it.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

impl TaskInfo {
    /// Of this task, whose token is moved out.
    pub(crate) fn take(task: &mut PollWorkflowTaskQueueResponse) -> Self {
        let execution = task.workflow_execution.clone().unwrap_or_default();
        Self {
            token: std::mem::take(&mut task.task_token),
            workflow_type: task
                .workflow_type
                .as_ref()
                .map_or_else(String::new, |it| it.name.clone()),
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
            attempt: u32::try_from(task.attempt).unwrap_or(1),
            query_only: task.query.is_some(),
            since: Instant::now(),
            timeout: timeout(task).unwrap_or(DEFAULT_TIMEOUT),
        }
    }
}

impl TaskInfo {
    /// When a task that is still open is prolonged: after 80 % of its time, as in other SDKs. The rest is for
    /// the request and its retries.
    pub(crate) fn heartbeat_due(&self) -> Instant {
        self.since + self.timeout / 5 * 4
    }
}

/// The timeout of the task, from the event that scheduled it.
fn timeout(task: &PollWorkflowTaskQueueResponse) -> Option<Duration> {
    let events = &task.history.as_ref()?.events;
    let scheduled = events
        .iter()
        .rev()
        .find_map(|event| match &event.attributes {
            Some(Attributes::WorkflowTaskScheduledEventAttributes(it)) => Some(it),
            _ => None,
        })?;
    wire::time::limit(scheduled.start_to_close_timeout)
}

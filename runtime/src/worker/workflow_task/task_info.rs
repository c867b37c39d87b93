//! The names, the token and the time limit of a workflow task in progress.

use std::time::{Duration, Instant};

use crate::wire::{payload_fields::Subject, workflow_task::PolledTask};

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
    pub(crate) fn take(task: &mut PolledTask) -> Self {
        let execution = task.execution();
        Self {
            token: task.take_token(),
            workflow_type: task.workflow_type().to_owned(),
            workflow_id: execution.workflow_id,
            run_id: execution.run_id,
            attempt: task.attempt(),
            query_only: task.is_query_only(),
            since: Instant::now(),
            timeout: task.timeout().unwrap_or(DEFAULT_TIMEOUT),
        }
    }

    /// For the codecs of payloads in a response.
    pub(crate) fn about(&self) -> Subject {
        Subject {
            workflow_id: self.workflow_id.clone(),
            activity_type: None,
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

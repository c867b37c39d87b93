//! A workflow task in progress, by its names.

use std::time::{Duration, Instant};

use durably_proto::api::{
    history::v1::history_event::Attributes, workflowservice::v1::PollWorkflowTaskQueueResponse,
};

use crate::wire;

/// What answers and messages about a workflow task need to know of it.
#[derive(Debug)]
pub(crate) struct Ticket {
    /// What the server knows the task by.
    pub(crate) token: Vec<u8>,
    pub(crate) workflow_type: String,
    pub(crate) workflow_id: String,
    pub(crate) run_id: String,
    /// Which attempt at this task this is, from 1.
    pub(crate) attempt: u32,
    /// The task only asks a query; nothing it does is recorded.
    pub(crate) query_only: bool,
    /// When it came.
    pub(crate) since: Instant,
    /// How long the server waits for its answer.
    pub(crate) timeout: Duration,
}

/// What the platform gives a task whose workflow says nothing else.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

impl Ticket {
    /// Of this task; its token moves into the ticket.
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

/// The timeout of the task, which stands on the event that scheduled it.
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

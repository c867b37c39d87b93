//! A workflow task in progress, by its names.

use durably_proto::api::workflowservice::v1::PollWorkflowTaskQueueResponse;

/// What answers and messages about a workflow task need to know of it.
#[derive(Debug, Default)]
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
}

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
        }
    }
}

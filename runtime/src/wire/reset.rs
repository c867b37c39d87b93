//! Resets, sent by a client.

use durably_proto::api::workflowservice::v1 as pb;

use super::{
    WireError,
    payload_fields::Subject,
    request::{Execution, Request, Sender},
};

/// Starts a new run that repeats a run up to the end of one of its workflow tasks.
#[derive(Debug)]
pub(crate) struct ResetWorkflow {
    pub(crate) execution: Execution,
    /// The event that ended the workflow task.
    pub(crate) event: i64,
    pub(crate) reason: String,
}

impl Request for ResetWorkflow {
    type Message = pb::ResetWorkflowExecutionRequest;
    type Reply = pb::ResetWorkflowExecutionResponse;
    /// The new run.
    type Response = String;

    fn about(message: &Self::Message) -> Subject {
        Execution::about(message.workflow_execution.as_ref())
    }

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::ResetWorkflowExecutionRequest {
            namespace: sender.namespace(),
            workflow_execution: Some(self.execution.into_proto()),
            reason: self.reason,
            workflow_task_finish_event_id: self.event,
            request_id: sender.request_id(),
            identity: sender.identity(),
            ..Default::default()
        }
    }

    fn read(reply: Self::Reply) -> Result<String, WireError> {
        Ok(reply.run_id)
    }
}

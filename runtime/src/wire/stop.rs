//! Cancel requests and terminations, sent by a client.

use durably_engine::Payload;
use durably_proto::api::workflowservice::v1 as pb;

use super::{
    WireError, payload,
    payload_fields::Subject,
    request::{Execution, Request, Sender},
    sizes::Sizes,
};

/// Requests the cancellation of a workflow.
#[derive(Debug)]
pub(crate) struct CancelWorkflow {
    pub(crate) execution: Execution,
    /// The run that has to be the first of the chain; empty for any.
    pub(crate) first_run_id: String,
}

/// Terminates a workflow.
#[derive(Debug)]
pub(crate) struct TerminateWorkflow {
    pub(crate) execution: Execution,
    /// The run that has to be the first of the chain; empty for any.
    pub(crate) first_run_id: String,
    pub(crate) reason: String,
    pub(crate) details: Vec<Payload>,
}

impl Request for CancelWorkflow {
    type Message = pb::RequestCancelWorkflowExecutionRequest;
    type Reply = pb::RequestCancelWorkflowExecutionResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::RequestCancelWorkflowExecutionRequest {
            namespace: sender.namespace(),
            workflow_execution: Some(self.execution.into_proto()),
            identity: sender.identity(),
            request_id: sender.request_id(),
            first_execution_run_id: self.first_run_id,
            ..Default::default()
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

impl Request for TerminateWorkflow {
    type Message = pb::TerminateWorkflowExecutionRequest;
    type Reply = pb::TerminateWorkflowExecutionResponse;
    type Response = ();

    fn about(message: &Self::Message) -> Subject {
        Execution::about(message.workflow_execution.as_ref())
    }

    fn measure(message: &Self::Message, sizes: &mut Sizes) {
        sizes.payloads(message.details.as_ref(), || {
            "the details of the termination".to_owned()
        });
    }

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::TerminateWorkflowExecutionRequest {
            namespace: sender.namespace(),
            workflow_execution: Some(self.execution.into_proto()),
            reason: self.reason,
            details: payload::list_to_proto(self.details),
            identity: sender.identity(),
            first_execution_run_id: self.first_run_id,
            ..Default::default()
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

/// Deletes a run and its history; an open one is terminated first.
#[derive(Debug)]
pub(crate) struct DeleteWorkflow {
    pub(crate) execution: Execution,
}

impl Request for DeleteWorkflow {
    type Message = pb::DeleteWorkflowExecutionRequest;
    type Reply = pb::DeleteWorkflowExecutionResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::DeleteWorkflowExecutionRequest {
            namespace: sender.namespace(),
            workflow_execution: Some(self.execution.into_proto()),
        }
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

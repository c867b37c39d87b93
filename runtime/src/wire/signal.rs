//! Signals, sent by a client.

use durably_engine::{Header, Payload};
use durably_proto::api::{common::v1::Payloads, workflowservice::v1 as pb};

use super::{
    WireError, payload,
    payload_fields::Subject,
    request::{Execution, Request, Sender},
    sizes::Sizes,
};

/// Signals a workflow; answered when the signal is recorded.
#[derive(Debug)]
pub(crate) struct SignalWorkflow {
    pub(crate) execution: Execution,
    pub(crate) name: String,
    pub(crate) input: Vec<Payload>,
    pub(crate) header: Header,
}

impl Request for SignalWorkflow {
    type Message = pb::SignalWorkflowExecutionRequest;
    type Reply = pb::SignalWorkflowExecutionResponse;
    type Response = ();

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::SignalWorkflowExecutionRequest {
            namespace: sender.namespace(),
            workflow_execution: Some(self.execution.into_proto()),
            signal_name: self.name,
            input: payload::list_to_proto(self.input),
            header: payload::header_to_proto(self.header),
            identity: sender.identity(),
            request_id: sender.request_id(),
            ..Default::default()
        }
    }

    fn about(message: &Self::Message) -> Subject {
        Execution::about(message.workflow_execution.as_ref())
    }

    fn measure(message: &Self::Message, sizes: &mut Sizes) {
        measure(&message.signal_name, message.input.as_ref(), sizes);
    }

    fn read(_: Self::Reply) -> Result<(), WireError> {
        Ok(())
    }
}

/// Measures the arguments of a signal.
pub(super) fn measure(name: &str, input: Option<&Payloads>, sizes: &mut Sizes) {
    sizes.payloads(input, || format!("the arguments of signal `{name}`"));
}

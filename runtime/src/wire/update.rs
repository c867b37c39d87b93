//! Updates, sent and followed by a client.

use durably_engine::{FailureRecord, Header, Payload};
use durably_proto::api::{
    enums::v1::UpdateWorkflowExecutionLifecycleStage as ProtoStage, update::v1 as update,
    workflowservice::v1 as pb,
};

use super::{
    WireError, failure, payload,
    payload_fields::Subject,
    request::{Execution, Request, Sender},
    sizes::Sizes,
};

/// How far an update has to be before the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Wherever it is.
    Any,
    Accepted,
    Completed,
}

/// Updates a workflow. Sent again with the same id, it resumes the wait.
#[derive(Debug)]
pub(crate) struct UpdateWorkflow {
    pub(crate) execution: Execution,
    /// The run that has to be the first of the chain; empty for any.
    pub(crate) first_run_id: String,
    pub(crate) update_id: String,
    pub(crate) name: String,
    pub(crate) input: Vec<Payload>,
    pub(crate) header: Header,
    pub(crate) wait_for: Stage,
}

/// Waits for an update that was sent before.
#[derive(Debug)]
pub(crate) struct PollUpdate {
    pub(crate) execution: Execution,
    pub(crate) update_id: String,
    pub(crate) wait_for: Stage,
}

/// Where an update stands.
#[derive(Debug)]
pub(crate) struct UpdateResponse {
    pub(crate) accepted: bool,
    pub(crate) outcome: Option<UpdateOutcome>,
    /// The run of the update, if the server names it.
    pub(crate) execution: Option<Execution>,
}

/// What the handler returned, or why the update was rejected.
pub(crate) type UpdateOutcome = Result<Vec<Payload>, FailureRecord>;

impl Request for UpdateWorkflow {
    type Message = pb::UpdateWorkflowExecutionRequest;
    type Reply = pb::UpdateWorkflowExecutionResponse;
    type Response = UpdateResponse;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::UpdateWorkflowExecutionRequest {
            namespace: sender.namespace(),
            workflow_execution: Some(self.execution.into_proto()),
            first_execution_run_id: self.first_run_id,
            wait_policy: wait_policy(self.wait_for),
            request: Some(update::Request {
                meta: Some(update::Meta {
                    update_id: self.update_id,
                    identity: sender.identity(),
                }),
                input: Some(update::Input {
                    header: payload::header_to_proto(self.header),
                    name: self.name,
                    args: payload::list_to_proto(self.input),
                }),
                ..Default::default()
            }),
        }
    }

    fn measure(message: &Self::Message, sizes: &mut Sizes) {
        let input = message.request.as_ref().and_then(|it| it.input.as_ref());
        if let Some(input) = input {
            sizes.payloads(input.args.as_ref(), || {
                format!("the arguments of update `{}`", input.name)
            });
        }
    }

    fn about(message: &Self::Message) -> Subject {
        Execution::about(message.workflow_execution.as_ref())
    }

    fn read(reply: Self::Reply) -> Result<UpdateResponse, WireError> {
        response(reply.stage, reply.outcome, reply.update_ref)
    }
}

impl Request for PollUpdate {
    type Message = pb::PollWorkflowExecutionUpdateRequest;
    type Reply = pb::PollWorkflowExecutionUpdateResponse;
    type Response = UpdateResponse;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::PollWorkflowExecutionUpdateRequest {
            namespace: sender.namespace(),
            update_ref: Some(update::UpdateRef {
                workflow_execution: Some(self.execution.into_proto()),
                update_id: self.update_id,
            }),
            identity: sender.identity(),
            wait_policy: wait_policy(self.wait_for),
        }
    }

    fn about(message: &Self::Message) -> Subject {
        let update = message.update_ref.as_ref();
        Execution::about(update.and_then(|it| it.workflow_execution.as_ref()))
    }

    fn read(reply: Self::Reply) -> Result<UpdateResponse, WireError> {
        response(reply.stage, reply.outcome, reply.update_ref)
    }
}

fn wait_policy(stage: Stage) -> Option<update::WaitPolicy> {
    let stage = match stage {
        Stage::Any => ProtoStage::Unspecified,
        Stage::Accepted => ProtoStage::Accepted,
        Stage::Completed => ProtoStage::Completed,
    };
    Some(update::WaitPolicy {
        lifecycle_stage: stage.into(),
    })
}

fn response(
    stage: i32,
    outcome: Option<update::Outcome>,
    update: Option<update::UpdateRef>,
) -> Result<UpdateResponse, WireError> {
    let outcome = match outcome {
        None => None,
        Some(outcome) => Some(read_outcome(outcome)?),
    };
    Ok(UpdateResponse {
        accepted: stage >= i32::from(ProtoStage::Accepted),
        outcome,
        execution: update
            .and_then(|it| it.workflow_execution)
            .map(Execution::from_proto),
    })
}

fn read_outcome(outcome: update::Outcome) -> Result<UpdateOutcome, WireError> {
    match outcome.value {
        Some(update::outcome::Value::Success(result)) => {
            Ok(Ok(payload::list_from_proto(Some(result))))
        }
        Some(update::outcome::Value::Failure(failed)) => Ok(Err(failure::from_proto(failed))),
        None => Err(WireError::missing("response to an update", "outcome.value")),
    }
}

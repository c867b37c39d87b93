//! Updates as they are on the wire: the requests of clients, and the messages by which workers
//! answer them.

use durably::Result;
use durably_proto::{
    Message as _,
    api::{
        command::v1::{Command, ProtocolMessageCommandAttributes, command::Attributes},
        common::v1::{Payload, Payloads},
        enums::v1::{CommandType, UpdateWorkflowExecutionLifecycleStage as Stage},
        errordetails::v1::MultiOperationExecutionFailure,
        failure::v1::Failure,
        protocol::v1::{Message, message::SequencingId},
        update::v1::{
            Acceptance, Input, Meta, Outcome, Rejection, Request, Response, WaitPolicy, outcome,
        },
        workflowservice::v1::{
            ExecuteMultiOperationRequest, PollWorkflowTaskQueueResponse,
            StartWorkflowExecutionRequest, UpdateWorkflowExecutionRequest,
            execute_multi_operation_request::{self as multi, operation::Operation},
        },
    },
    wkt::Any,
};
use tonic::{Code, Status};

use crate::{
    raw::{NAMESPACE, Service, command, complete, execution, workflow_task},
    unique,
};

/// An update of the latest run of a workflow; its client waits until it is accepted.
pub fn update_request(workflow_id: &str) -> UpdateWorkflowExecutionRequest {
    UpdateWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: execution(workflow_id),
        wait_policy: Some(WaitPolicy {
            lifecycle_stage: Stage::Accepted.into(),
        }),
        request: Some(Request {
            meta: Some(Meta {
                update_id: unique("update"),
                identity: "raw".to_owned(),
            }),
            input: Some(Input {
                name: "update".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// The id of an update request.
pub fn update_id(request: &UpdateWorkflowExecutionRequest) -> String {
    let meta = request.request.as_ref().and_then(|it| it.meta.as_ref());
    meta.map_or_else(String::new, |meta| meta.update_id.clone())
}

/// An update-with-start.
pub fn update_with_start(
    start: StartWorkflowExecutionRequest,
    update: UpdateWorkflowExecutionRequest,
) -> ExecuteMultiOperationRequest {
    ExecuteMultiOperationRequest {
        namespace: NAMESPACE.to_owned(),
        operations: [
            Operation::StartWorkflow(start),
            Operation::UpdateWorkflow(update),
        ]
        .map(|operation| multi::Operation {
            operation: Some(operation),
        })
        .into(),
        ..Default::default()
    }
}

/// Waits for the workflow task that brings an update which is on its way.
pub async fn task_with_update(
    service: &mut Service,
    queue: &str,
) -> Result<PollWorkflowTaskQueueResponse> {
    loop {
        let task = workflow_task(service, queue).await?;
        if !task.messages.is_empty() {
            return Ok(task);
        }
        complete(service, &task, vec![], vec![]).await?;
    }
}

/// The commands that put messages among the events, in order.
pub fn ordered(messages: &[Message]) -> Vec<Command> {
    let in_order = |message: &Message| {
        command(
            CommandType::ProtocolMessage,
            Attributes::ProtocolMessageCommandAttributes(ProtocolMessageCommandAttributes {
                message_id: message.id.clone(),
            }),
        )
    };
    messages.iter().map(in_order).collect()
}

/// Accepts the update that a message delivers.
pub fn accept(delivery: &Message) -> Message {
    let acceptance = Acceptance {
        accepted_request_message_id: delivery.id.clone(),
        accepted_request_sequencing_event_id: sequenced_after(delivery),
        accepted_request: requested(delivery),
    };
    answer(delivery, "Acceptance", &acceptance)
}

/// Rejects the update that a message delivers.
pub fn reject(delivery: &Message) -> Message {
    let rejection = Rejection {
        rejected_request_message_id: delivery.id.clone(),
        rejected_request_sequencing_event_id: sequenced_after(delivery),
        rejected_request: requested(delivery),
        failure: Some(Failure {
            message: "refused".to_owned(),
            ..Default::default()
        }),
    };
    answer(delivery, "Rejection", &rejection)
}

/// Completes the update that a message delivered: with a result, or with a failure.
pub fn respond(delivery: &Message, failure: Option<&str>) -> Message {
    let value = match failure {
        None => outcome::Value::Success(Payloads {
            payloads: vec![Payload::default()],
        }),
        Some(message) => outcome::Value::Failure(Failure {
            message: message.to_owned(),
            ..Default::default()
        }),
    };
    let response = Response {
        meta: Some(Meta {
            update_id: delivery.protocol_instance_id.clone(),
            ..Default::default()
        }),
        outcome: Some(Outcome { value: Some(value) }),
    };
    answer(delivery, "Response", &response)
}

fn sequenced_after(delivery: &Message) -> i64 {
    match delivery.sequencing_id {
        Some(SequencingId::EventId(event)) => event,
        _ => 0,
    }
}

fn requested(delivery: &Message) -> Option<Request> {
    let body = delivery.body.as_ref()?;
    Request::decode(body.value.as_slice()).ok()
}

fn answer(delivery: &Message, kind: &str, body: &impl durably_proto::Message) -> Message {
    let id = &delivery.protocol_instance_id;
    Message {
        id: format!("{id}/{kind}"),
        protocol_instance_id: id.clone(),
        body: Some(Any {
            type_url: format!("type.googleapis.com/temporal.api.update.v1.{kind}"),
            value: body.encode_to_vec(),
        }),
        ..Default::default()
    }
}

/// How an update-with-start ended, operation by operation, if it was refused.
pub fn operations(status: &Status) -> Vec<String> {
    let refused = durably_proto::rpc::Status::decode(status.details()).unwrap_or_default();
    let several = refused
        .details
        .first()
        .and_then(|detail| MultiOperationExecutionFailure::decode(detail.value.as_slice()).ok());
    let statuses = several.unwrap_or_default().statuses;
    let said = statuses
        .into_iter()
        .map(|it| format!("{:?}: {}", Code::from(it.code), it.message));
    said.collect()
}

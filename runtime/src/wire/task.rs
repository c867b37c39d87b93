//! Workflow tasks, as they are polled.

use durably_engine::{EventId, Queries, QueryRequest, Task, UpdateMessage};
use durably_proto::Message as _;
use durably_proto::api::history::v1::History;
use durably_proto::api::protocol::v1::{Message, message::SequencingId};
use durably_proto::api::query::v1::WorkflowQuery;
use durably_proto::api::update::v1::Request;
use durably_proto::api::workflowservice::v1::PollWorkflowTaskQueueResponse;

use super::{Fault, WireError, event, payload};

/// Reads a polled task; more pages of history are appended by [`append_history`]. An empty poll,
/// which has no token, is no task: do not come here with it.
pub(crate) fn from_proto(response: PollWorkflowTaskQueueResponse) -> Result<Task, WireError> {
    let place = "workflow task";
    let execution = response
        .workflow_execution
        .ok_or_else(|| WireError::missing(place, "workflow_execution"))?;
    let workflow_type = response
        .workflow_type
        .ok_or_else(|| WireError::missing(place, "workflow_type"))?;
    let queries = match response.query {
        Some(only) => Queries::Only(query(String::new(), only)),
        None => {
            let mut attached: Vec<_> = response
                .queries
                .into_iter()
                .map(|(id, it)| query(id, it))
                .collect();
            attached.sort_by(|a, b| a.id.cmp(&b.id));
            Queries::Attached(attached)
        }
    };
    let mut task = Task {
        workflow_type: workflow_type.name,
        workflow_id: execution.workflow_id,
        run_id: execution.run_id,
        history: Vec::new(),
        started: EventId(response.started_event_id),
        previous_started: EventId(response.previous_started_event_id),
        messages: response
            .messages
            .into_iter()
            .map(update_message)
            .collect::<Result<_, _>>()?,
        queries,
    };
    append_history(&mut task, response.history.unwrap_or_default())?;
    Ok(task)
}

/// Reads the next page of history of a task.
pub(crate) fn append_history(task: &mut Task, page: History) -> Result<(), WireError> {
    task.history.reserve(page.events.len());
    for it in page.events {
        task.history.push(event::from_proto(it)?);
    }
    Ok(())
}

fn query(id: String, query: WorkflowQuery) -> QueryRequest {
    QueryRequest {
        id,
        name: query.query_type,
        input: payload::list_from_proto(query.query_args),
        header: payload::header_from_proto(query.header),
    }
}

fn update_message(message: Message) -> Result<UpdateMessage, WireError> {
    let place = || format!("message `{}`", message.id);
    let Some(body) = &message.body else {
        return Err(WireError::missing(place(), "body"));
    };
    let request = Request::decode(&*body.value).map_err(|error| {
        let fault = Fault::Undecodable(error.to_string());
        WireError::new(place(), "body", fault)
    })?;
    let Some(SequencingId::EventId(sequencing)) = message.sequencing_id else {
        return Err(WireError::missing(place(), "sequencing_id.event_id"));
    };
    Ok(UpdateMessage {
        request: event::update_request(place, request)?,
        sequencing: EventId(sequencing),
        message_id: message.id,
        protocol_instance: message.protocol_instance_id,
    })
}

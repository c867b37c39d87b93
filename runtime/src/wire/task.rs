//! Workflow tasks, as they are polled.

use durably_engine::{EventId, Queries, QueryRequest, Task, UpdateMessage};
use durably_proto::{
    Message as _,
    api::{
        history::v1::History,
        protocol::v1::{Message, message::SequencingId},
        query::v1::WorkflowQuery,
        update::v1::Request,
        workflowservice::v1::PollWorkflowTaskQueueResponse,
    },
};

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

#[cfg(test)]
mod tests {
    use durably_proto::api::common::v1::{WorkflowExecution, WorkflowType};
    use durably_proto::api::history::v1::{
        ActivityTaskScheduledEventAttributes, HistoryEvent, WorkflowTaskStartedEventAttributes,
        history_event::Attributes,
    };
    use durably_proto::api::update::v1::{Input, Meta};
    use durably_proto::wkt;

    use super::*;

    fn polled() -> PollWorkflowTaskQueueResponse {
        PollWorkflowTaskQueueResponse {
            task_token: vec![1],
            workflow_execution: Some(WorkflowExecution {
                workflow_id: "w".to_owned(),
                run_id: "r".to_owned(),
            }),
            workflow_type: Some(WorkflowType {
                name: "T".to_owned(),
            }),
            started_event_id: 3,
            ..Default::default()
        }
    }

    fn with_event(attributes: Attributes) -> PollWorkflowTaskQueueResponse {
        let event = HistoryEvent {
            event_id: 7,
            attributes: Some(attributes),
            ..Default::default()
        };
        PollWorkflowTaskQueueResponse {
            history: Some(History {
                events: vec![event],
            }),
            ..polled()
        }
    }

    fn with_message(message: Message) -> PollWorkflowTaskQueueResponse {
        PollWorkflowTaskQueueResponse {
            messages: vec![message],
            ..polled()
        }
    }

    fn update() -> Message {
        let request = Request {
            meta: Some(Meta {
                update_id: "u".to_owned(),
                identity: "me".to_owned(),
            }),
            input: Some(Input {
                name: "add".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        Message {
            id: "u/request".to_owned(),
            protocol_instance_id: "u".to_owned(),
            sequencing_id: Some(SequencingId::EventId(2)),
            body: Some(wkt::Any {
                type_url: "type.googleapis.com/temporal.api.update.v1.Request".to_owned(),
                value: request.encode_to_vec(),
            }),
        }
    }

    #[track_caller]
    fn refused(response: PollWorkflowTaskQueueResponse) -> String {
        from_proto(response).unwrap_err().to_string()
    }

    #[test]
    fn what_a_task_lacks_is_named() {
        let anonymous = PollWorkflowTaskQueueResponse {
            workflow_execution: None,
            ..polled()
        };
        assert_eq!(
            refused(anonymous),
            "workflow task lacks `workflow_execution`"
        );
        let untyped = ActivityTaskScheduledEventAttributes::default();
        assert_eq!(
            refused(with_event(
                Attributes::ActivityTaskScheduledEventAttributes(untyped)
            )),
            "event 7 lacks `activity_type`"
        );
        let timeless = WorkflowTaskStartedEventAttributes::default();
        assert_eq!(
            refused(with_event(Attributes::WorkflowTaskStartedEventAttributes(
                timeless
            ))),
            "event 7 lacks `event_time`"
        );
    }

    #[test]
    fn update_message_is_read() {
        let task = from_proto(with_message(update())).unwrap();
        assert_eq!(task.messages[0].request.name, "add");
        assert_eq!(task.messages[0].sequencing, EventId(2));
    }

    #[test]
    fn update_message_that_cannot_be_read_is_named() {
        let mut garbled = update();
        garbled.body = Some(wkt::Any {
            value: vec![0xff],
            ..Default::default()
        });
        let error = refused(with_message(garbled));
        assert!(
            error.starts_with("message `u/request`: `body` cannot be decoded"),
            "{error}"
        );
        let mut unplaced = update();
        unplaced.sequencing_id = None;
        assert_eq!(
            refused(with_message(unplaced)),
            "message `u/request` lacks `sequencing_id.event_id`"
        );
    }

    #[test]
    fn attached_queries_come_in_the_order_of_their_ids() {
        let queries = ["b", "a"].map(|id| (id.to_owned(), WorkflowQuery::default()));
        let task = from_proto(PollWorkflowTaskQueueResponse {
            queries: queries.into(),
            ..polled()
        })
        .unwrap();
        let Queries::Attached(queries) = task.queries else {
            panic!("they are attached");
        };
        assert_eq!(
            queries.iter().map(|it| &*it.id).collect::<Vec<_>>(),
            ["a", "b"]
        );
    }
}

//! Workflow tasks, as they are polled.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use durably_engine::{EventId, Queries, QueryRequest, Task, UpdateMessage};
use durably_proto::{
    Message as _,
    api::{
        history::v1::{HistoryEvent, history_event::Attributes},
        protocol::v1::{Message, message::SequencingId},
        query::v1::WorkflowQuery,
        update::v1::Request,
        workflowservice::v1::PollWorkflowTaskQueueResponse,
    },
};

use super::{Fault, WireError, event, payload, request::Execution, status::CodecFault, time};

/// A workflow task as it was polled. It is read by [`decode`](Self::decode) on the thread that owns its
/// run: histories may be long.
#[derive(Clone, Debug)]
pub(crate) struct PolledTask {
    message: Box<PollWorkflowTaskQueueResponse>,
    /// Why its payloads could not be decoded.
    fault: Option<CodecFault>,
    arrived: Instant,
}

impl PolledTask {
    /// None if the server had no task.
    pub(crate) fn new(response: PollWorkflowTaskQueueResponse) -> Option<Self> {
        (!response.task_token.is_empty()).then(|| Self {
            message: Box::new(response),
            fault: None,
            arrived: Instant::now(),
        })
    }

    /// The task, which arrived at that time.
    pub(super) fn arrived_at(self, arrived: Instant) -> Self {
        Self { arrived, ..self }
    }

    /// When the server returned it: about when the time of the task began.
    pub(crate) fn arrived(&self) -> Instant {
        self.arrived
    }

    /// By which the server knows the task.
    pub(crate) fn token(&self) -> &[u8] {
        &self.message.task_token
    }

    /// Moves out the token, by which the server knows the task.
    pub(crate) fn take_token(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.message.task_token)
    }

    /// Both ids are empty if the server left them out; then decoding fails.
    pub(crate) fn execution(&self) -> Execution {
        let execution = self.message.workflow_execution.clone();
        Execution::from_proto(execution.unwrap_or_default())
    }

    /// Empty if the server left it out; then decoding fails.
    pub(crate) fn run_id(&self) -> &str {
        let execution = self.message.workflow_execution.as_ref();
        execution.map_or("", |it| &it.run_id)
    }

    pub(crate) fn workflow_type(&self) -> &str {
        let workflow_type = self.message.workflow_type.as_ref();
        workflow_type.map_or("", |it| &it.name)
    }

    /// From 1.
    pub(crate) fn attempt(&self) -> u32 {
        u32::try_from(self.message.attempt).unwrap_or(1)
    }

    /// Whether the task consists of a query; nothing it does is recorded.
    pub(crate) fn is_query_only(&self) -> bool {
        self.message.query.is_some()
    }

    /// How long the server waits for the response, from the event that scheduled the task.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        let events = &self.message.history.as_ref()?.events;
        let mut newest_first = events.iter().rev();
        let scheduled = newest_first.find_map(|event| match &event.attributes {
            Some(Attributes::WorkflowTaskScheduledEventAttributes(it)) => Some(it),
            _ => None,
        })?;
        time::limit(scheduled.start_to_close_timeout)
    }

    /// How long the task waited for a worker, by the server's clock.
    pub(crate) fn schedule_to_start(&self) -> Option<Duration> {
        let scheduled = time::instant(self.message.scheduled_time?);
        let started = time::instant(self.message.started_time?);
        started?.duration_since(scheduled?).ok()
    }

    /// Whether the task came without all of its history.
    pub(crate) fn has_more_pages(&self) -> bool {
        !self.message.next_page_token.is_empty()
    }

    /// Moves out the token of the next page of history.
    pub(crate) fn take_page_token(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.message.next_page_token)
    }

    /// Adds events of further pages, but for those that it has.
    pub(crate) fn append(&mut self, events: Vec<HistoryEvent>) {
        let known = &mut self.message.history.get_or_insert_default().events;
        let last = known.last().map_or(0, |event| event.event_id);
        known.extend(events.into_iter().filter(|event| event.event_id > last));
    }

    /// Becomes the task that the server returned for a heartbeat of this one, which has the events since. The
    /// server repeats neither the history before them nor the messages.
    pub(crate) fn prolong(&mut self, next: Self) {
        let earlier = std::mem::replace(self, next);
        let mut message = earlier.message;
        let events = std::mem::replace(&mut self.message.history, message.history.take());
        self.append(events.unwrap_or_default().events);
        let messages = std::mem::replace(&mut self.message.messages, message.messages);
        self.message.messages.extend(messages);
        for (id, query) in message.queries {
            self.message.queries.entry(id).or_insert(query);
        }
        self.message.previous_started_event_id = message.previous_started_event_id;
        self.fault = earlier.fault.or_else(|| self.fault.take());
    }

    /// A task whose payloads could not be decoded, which therefore fails.
    pub(crate) fn undecodable(mut self, fault: CodecFault) -> Self {
        self.fault.get_or_insert(fault);
        self
    }

    pub(crate) fn decode(self) -> Result<Task, WireError> {
        match self.fault {
            None => from_proto(*self.message),
            Some(fault) => {
                let fault = Fault::Undecodable(fault.to_string());
                Err(WireError::new("workflow task", "payloads", fault))
            }
        }
    }
}

fn from_proto(response: PollWorkflowTaskQueueResponse) -> Result<Task, WireError> {
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
    append_history(&mut task, response.history.unwrap_or_default().events)?;
    Ok(task)
}

/// Reads the next page of history of a task.
pub(crate) fn append_history(task: &mut Task, page: Vec<HistoryEvent>) -> Result<(), WireError> {
    task.history.reserve(page.len());
    for it in page {
        task.history.push(event::from_proto(it)?);
    }
    Ok(())
}

/// Queries whose arguments could not be decoded, by their ids: each fails by itself, and not the task that it came with.
pub(crate) fn undecoded_queries(
    mut queries: HashMap<String, WorkflowQuery>,
    fault: &CodecFault,
) -> HashMap<String, WorkflowQuery> {
    let undecoded = payload::to_proto(payload::undecoded(&fault.to_string()));
    for query in queries.values_mut() {
        if let Some(arguments) = &mut query.query_args {
            arguments.payloads.fill(undecoded.clone());
        }
    }
    queries
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
        ActivityTaskScheduledEventAttributes, History, WorkflowTaskStartedEventAttributes,
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

//! Histories: as a client shows them, and how they are fetched, page by page.

use std::{fmt, num::NonZeroU16, time::SystemTime};

use durably_proto::{
    Message,
    api::{
        enums::v1::{EventType, HistoryEventFilterType, WorkflowTaskFailedCause},
        history::{v1 as proto, v1::history_event::Attributes},
        workflowservice::v1 as pb,
    },
};

use super::{
    Fault, WireError, failure, page,
    payload_fields::Subject,
    request::{Execution, Request, Sender},
    time::instant,
    timeline,
};

/// All that happened so far in a run; printed, it is a timeline.
///
/// ```text
/// Greeting greeting-1, run 0199b6f4-…
///    1  +0.000s  WorkflowExecutionStarted  Greeting("Hello") on queue `greetings`
///    2  +0.000s  WorkflowTaskScheduled
///    3  +0.004s  WorkflowTaskStarted
/// ```
///
/// The events, from a client or from a file:
///
/// ```
/// use durably::{client::History, raw::api};
///
/// let started = api::history::v1::HistoryEvent {
///     event_id: 1,
///     event_type: api::enums::v1::EventType::WorkflowExecutionStarted.into(),
///     ..Default::default()
/// };
/// let history = History::from_raw(api::history::v1::History { events: vec![started] });
/// assert_eq!((history.len(), history.is_empty()), (1, false));
/// for event in history.events() {
///     println!("{} {} {}", event.id(), event.name(), event.summary());
/// }
/// println!("{} {}", history.workflow_id(), history.run_id());
/// println!("{}\n{history}", history.workflow_type());
/// assert_eq!(history.into_raw().events[0].event_id, 1);
/// ```
#[derive(Clone, Debug)]
pub struct History {
    workflow_id: String,
    run_id: String,
    events: Vec<HistoryEvent>,
    /// As the server has it, if codecs have decoded the events.
    stored: Option<proto::History>,
}

/// One thing that happened in a run.
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example(client: Client) -> Result<()> {
/// let history = client.handle("order-1").history().await?;
/// for event in history.events() {
///     if event.name() == "TimerStarted" {
///         println!("{:?} event {}: {}", event.time(), event.id(), event.summary());
///         println!("{:?}", event.raw().attributes);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct HistoryEvent(proto::HistoryEvent);

impl History {
    /// A history as the server sends it.
    pub fn from_raw(history: proto::History) -> Self {
        let workflow_id = match history.events.first().and_then(|it| it.attributes.as_ref()) {
            Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
                started.workflow_id.clone()
            }
            _ => String::new(),
        };
        Self::new(workflow_id, String::new(), history.events)
    }

    /// `run_id` is the run that was asked for; empty if it was the latest one.
    pub(crate) fn new(
        workflow_id: String,
        run_id: String,
        events: Vec<proto::HistoryEvent>,
    ) -> Self {
        let run_id = match run_id.is_empty() {
            true => run_of(&events).unwrap_or_default().to_owned(),
            false => run_id,
        };
        Self {
            workflow_id,
            run_id,
            events: events.into_iter().map(HistoryEvent).collect(),
            stored: None,
        }
    }

    /// Whether there is anything that reads the events as the server has them.
    pub(crate) const KEEPS_STORED: bool = cfg!(any(feature = "replay", test));

    /// The same history, whose events were decoded of these.
    pub(crate) fn with_stored(self, events: Events) -> Self {
        Self {
            stored: Some(proto::History { events }),
            ..self
        }
    }

    /// The events as the server has them, encoded if codecs have encoded them.
    #[cfg_attr(
        not(any(feature = "replay", test)),
        expect(dead_code, reason = "files are written with the feature `replay`")
    )]
    pub(crate) fn stored(&self) -> proto::History {
        self.stored
            .clone()
            .unwrap_or_else(|| self.clone().into_raw())
    }

    /// The workflow id.
    pub fn workflow_id(&self) -> &str {
        &self.workflow_id
    }

    /// The run; empty if neither the caller nor an event of the history names it.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// The type of the workflow; empty if the history does not begin with the start of a run.
    pub fn workflow_type(&self) -> &str {
        timeline::workflow_type(&self.events)
    }

    /// The events, oldest first.
    pub fn events(&self) -> &[HistoryEvent] {
        &self.events
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The events as the server sent them, for what is not shown here; decoded, if the client has codecs.
    pub fn into_raw(self) -> proto::History {
        proto::History {
            events: self.events.into_iter().map(|event| event.0).collect(),
        }
    }
}

impl HistoryEvent {
    pub(crate) const fn new(event: proto::HistoryEvent) -> Self {
        Self(event)
    }

    /// Its number; the first is 1.
    pub fn id(&self) -> i64 {
        self.0.event_id
    }

    /// When it was recorded.
    pub fn time(&self) -> Option<SystemTime> {
        self.0.event_time.and_then(instant)
    }

    /// The name of its type: `ActivityTaskScheduled`.
    pub fn name(&self) -> String {
        match EventType::try_from(self.0.event_type) {
            Ok(known) => format!("{known:?}"),
            Err(_) => format!("EventType{}", self.0.event_type),
        }
    }

    /// What is interesting about it, in a few words; may be empty.
    pub fn summary(&self) -> String {
        timeline::summary(&self.0)
    }

    /// The event as the server sent it.
    pub fn raw(&self) -> &proto::HistoryEvent {
        &self.0
    }
}

/// The run that a history is of. Its first event names it, but a reset copies that event from the run before, and
/// records the new run in the workflow task that it fails.
fn run_of(events: &[proto::HistoryEvent]) -> Option<&str> {
    let reset = events
        .iter()
        .rev()
        .find_map(|event| match &event.attributes {
            Some(Attributes::WorkflowTaskFailedEventAttributes(failed))
                if failed.cause() == WorkflowTaskFailedCause::ResetWorkflow =>
            {
                Some(failed.new_run_id.as_str())
            }
            _ => None,
        });
    let first = || match &events.first()?.attributes {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
            Some(started.original_execution_run_id.as_str())
        }
        _ => None,
    };
    reset.or_else(first).filter(|run_id| !run_id.is_empty())
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        timeline::write(self, f)
    }
}

/// Fetches one page of a run's history.
#[derive(Debug)]
pub(crate) struct GetHistory {
    pub(crate) execution: Execution,
    /// At most this many events a page; the server's number if none.
    pub(crate) page_size: Option<NonZeroU16>,
    /// Empty for the first page.
    pub(crate) page_token: Vec<u8>,
    pub(crate) kind: EventsKind,
    /// Whether the server waits for events that are not there yet, until the run closes.
    pub(crate) waits: bool,
}

/// Which events of a history are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventsKind {
    All,
    /// The one that closed the run.
    Closing,
}

/// Fetches one page of a run's history, from its end.
#[derive(Debug)]
pub(crate) struct GetHistoryReverse {
    pub(crate) execution: Execution,
    /// At most this many events a page; the server's number if none.
    pub(crate) page_size: Option<NonZeroU16>,
    /// Empty for the first page.
    pub(crate) page_token: Vec<u8>,
}

/// The message that codecs decode.
pub(crate) type RawHistory = proto::History;

/// Events as the server sent them.
pub(crate) type Events = Vec<proto::HistoryEvent>;

/// Events that replay needs are read on the thread that replays.
#[derive(Debug)]
pub(crate) struct HistoryPage {
    pub(crate) events: Events,
    /// Empty on the last page.
    pub(crate) next_page_token: Vec<u8>,
}

impl Request for GetHistory {
    type Message = pb::GetWorkflowExecutionHistoryRequest;
    type Reply = pb::GetWorkflowExecutionHistoryResponse;
    type Response = HistoryPage;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::GetWorkflowExecutionHistoryRequest {
            namespace: sender.namespace(),
            execution: Some(self.execution.into_proto()),
            maximum_page_size: page::size(self.page_size),
            next_page_token: self.page_token,
            wait_new_event: self.waits,
            history_event_filter_type: match self.kind {
                EventsKind::All => HistoryEventFilterType::AllEvent.into(),
                EventsKind::Closing => HistoryEventFilterType::CloseEvent.into(),
            },
            ..Default::default()
        }
    }

    fn about(message: &Self::Message) -> Subject {
        Execution::about(message.execution.as_ref())
    }

    fn read(reply: Self::Reply) -> Result<HistoryPage, WireError> {
        let next_page_token = reply.next_page_token.clone();
        Ok(HistoryPage {
            events: events(reply)?,
            next_page_token,
        })
    }
}

impl Request for GetHistoryReverse {
    type Message = pb::GetWorkflowExecutionHistoryReverseRequest;
    type Reply = pb::GetWorkflowExecutionHistoryReverseResponse;
    type Response = HistoryPage;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        pb::GetWorkflowExecutionHistoryReverseRequest {
            namespace: sender.namespace(),
            execution: Some(self.execution.into_proto()),
            maximum_page_size: page::size(self.page_size),
            next_page_token: self.page_token,
        }
    }

    fn about(message: &Self::Message) -> Subject {
        Execution::about(message.execution.as_ref())
    }

    fn read(reply: Self::Reply) -> Result<HistoryPage, WireError> {
        Ok(HistoryPage {
            events: reply.history.unwrap_or_default().events,
            next_page_token: reply.next_page_token,
        })
    }
}

/// The events of a page, which a namespace can be configured to send as bytes.
pub(super) fn events(reply: pb::GetWorkflowExecutionHistoryResponse) -> Result<Events, WireError> {
    let mut events = reply.history.unwrap_or_default().events;
    for blob in reply.raw_history {
        let history = proto::History::decode(&*blob.data).map_err(|error| {
            let fault = Fault::Undecodable(error.to_string());
            WireError::new("page of history", "raw_history", fault)
        })?;
        events.extend(history.events);
    }
    Ok(events)
}

/// The failure of the workflow task that an event ends; `Some(None)` if the task succeeded, and `None` if the event ends no
/// task.
pub(crate) fn task_failure(event: proto::HistoryEvent) -> Option<Option<String>> {
    match event.attributes? {
        Attributes::WorkflowTaskFailedEventAttributes(failed) => {
            let failure = failed.failure.map(failure::from_proto);
            Some(failure.as_ref().map(failure::chain))
        }
        Attributes::WorkflowTaskTimedOutEventAttributes(_) => {
            Some(Some("its worker did not answer in time".to_owned()))
        }
        Attributes::WorkflowTaskCompletedEventAttributes(_) => Some(None),
        _ => None,
    }
}

//! Children and messages to other executions as parts.

use durably_proto::api::history::v1::StartChildWorkflowExecutionInitiatedEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::event_log::EventLog;
use crate::id::{EventId, OutgoingKey, OutgoingKind, RunId};
use crate::pending::children::{Child, StartedChild};
use crate::pending::outgoing::OutgoingEntry;
use crate::snapshot::message::recorded;

/// The `StartChildWorkflowExecutionInitiated` event has all else. Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ChildMessage {
    #[prost(message, optional, tag = "1")]
    started: Option<StartedChildMessage>,
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
struct StartedChildMessage {
    #[prost(string, tag = "1")]
    run_id: String,
    #[prost(int64, optional, tag = "2")]
    event: Option<i64>,
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct OutgoingMessage {
    #[prost(string, tag = "1")]
    namespace: String,
    #[prost(string, tag = "2")]
    request_id: String,
    #[prost(string, optional, tag = "3")]
    child_run_id: Option<String>,
}

impl From<&Child> for ChildMessage {
    fn from(child: &Child) -> Self {
        Self {
            started: child.started.as_ref().map(|started| StartedChildMessage {
                run_id: started.run_id.to_string(),
                event: started.event.map(|event| event.0),
            }),
        }
    }
}

impl ChildMessage {
    pub(super) fn restore(self, initiated: EventId, events: &EventLog) -> Result<Child, String> {
        let initiated_by = child_event(initiated, events)?;
        let started = self.started.map(|started| {
            let event = started.event.map(|id| recorded("its start", id, events));
            Ok::<_, String>(StartedChild {
                run_id: started.run_id.into(),
                event: event.transpose()?,
            })
        });
        Ok(Child {
            started: started.transpose()?,
            ..Child::from(&initiated_by)
        })
    }
}

impl From<&OutgoingEntry> for OutgoingMessage {
    fn from(entry: &OutgoingEntry) -> Self {
        Self {
            namespace: entry.namespace.to_string(),
            request_id: entry.request_id.to_string(),
            child_run_id: entry.child_run_id.as_ref().map(RunId::to_string),
        }
    }
}

impl OutgoingMessage {
    pub(super) fn restore(
        self,
        key: OutgoingKey,
        events: &EventLog,
    ) -> Result<OutgoingEntry, String> {
        let initiated = key.event;
        match key.kind {
            OutgoingKind::StartChild | OutgoingKind::BeginChild | OutgoingKind::ClosePolicy => {
                child_event(initiated, events)?;
            }
            OutgoingKind::Signal => {
                check("a signal", initiated, events, |event| {
                    matches!(
                        event,
                        Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(_)
                    )
                })?;
            }
            OutgoingKind::RequestCancel => {
                check("a cancel request", initiated, events, |event| {
                    matches!(
                        event,
                        Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(
                            _
                        )
                    )
                })?;
            }
            OutgoingKind::ReportClose => {
                recorded("its event", initiated.0, events)?;
            }
        }
        Ok(OutgoingEntry {
            namespace: self.namespace.into(),
            request_id: self.request_id.into(),
            child_run_id: self.child_run_id.map(RunId::from),
        })
    }
}

/// The event that initiates a child.
fn child_event(
    initiated: EventId,
    events: &EventLog,
) -> Result<StartChildWorkflowExecutionInitiatedEventAttributes, String> {
    match attributes(initiated, events)? {
        Some(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(event)) => Ok(event),
        _ => Err(format!("event {initiated} does not initiate a child")),
    }
}

/// Checks that an event is recorded and initiates what the part says.
fn check(
    what: &str,
    initiated: EventId,
    events: &EventLog,
    initiates: impl Fn(&Attributes) -> bool,
) -> Result<(), String> {
    match attributes(initiated, events)?
        .as_ref()
        .is_some_and(initiates)
    {
        true => Ok(()),
        false => Err(format!("event {initiated} does not initiate {what}")),
    }
}

fn attributes(event: EventId, events: &EventLog) -> Result<Option<Attributes>, String> {
    recorded("its event", event.0, events)?;
    let place = usize::try_from(event.0 - 1).unwrap_or(usize::MAX);
    Ok(events.get(place).and_then(|event| event.attributes))
}

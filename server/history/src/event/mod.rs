//! Events: records them, and buffers those that must wait for the end of a workflow task.
//!
//! While a workflow task is started, the history must not change, because its worker has replayed
//! it up to the started event. Events that occur meanwhile are buffered and recorded when the task
//! ends, before the next one is scheduled.

pub(crate) mod workflow_task;

use std::collections::BTreeMap;

use durably_proto::Message;
use durably_proto::api::common::v1::Link;
use durably_proto::api::enums::v1::EventType;
use durably_proto::api::history::v1::HistoryEvent;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::id::{EventId, RequestId};
use crate::state::Run;
use crate::time::Time;

impl Run {
    /// Records an event.
    pub(crate) fn record(&mut self, at: Time, attributes: Attributes) -> EventId {
        self.push(unrecorded(at, attributes))
    }

    /// The last recorded event, to set fields outside of its attributes.
    pub(crate) fn last_event_mut(&mut self) -> &mut HistoryEvent {
        let last = self.events.len() - 1;
        self.events
            .open_mut(last)
            .expect("it was recorded by this input")
    }

    /// Buffers an event until no workflow task is started, which may be at the end of this input.
    pub(crate) fn buffer(&mut self, at: Time, attributes: Attributes) {
        self.buffer_with_links(at, attributes, Vec::new());
    }

    /// As [`buffer`](Self::buffer), with links to the cause of the event.
    pub(crate) fn buffer_with_links(&mut self, at: Time, attributes: Attributes, links: Vec<Link>) {
        workflow_task::convert_speculative(self);
        let mut event = unrecorded(at, attributes);
        event.links = links;
        self.buffered.push(event);
    }

    /// Records all buffered events. Events that end an activity or child come last, so that they
    /// follow the events that started it.
    pub(crate) fn flush_buffer(&mut self) {
        if self.buffered.is_empty() {
            return;
        }
        let (last, first): (Vec<_>, Vec<_>) = self
            .buffered
            .take_all()
            .map(|(_, event)| event)
            .partition(ends_something);
        let mut started = BTreeMap::new();
        for mut event in first.into_iter().chain(last) {
            link_started(&mut event, &mut started, self.next_event_id());
            if let Some(Attributes::ChildWorkflowExecutionStartedEventAttributes(child)) =
                &event.attributes
            {
                let initiated = EventId(child.initiated_event_id);
                self.children.record_start(initiated, self.next_event_id());
            }
            self.push(event);
        }
    }

    /// Removes a buffered `TimerFired` whose timer the worker cancelled without having seen the
    /// event.
    pub(crate) fn take_buffered_timer_fired(&mut self, timer_id: &str) -> Option<EventId> {
        let (&number, _) = self
            .buffered
            .iter()
            .find(|(_, event)| fires(event, timer_id))?;
        match self.buffered.remove(&number)?.attributes {
            Some(Attributes::TimerFiredEventAttributes(fired)) => {
                Some(EventId(fired.started_event_id))
            }
            _ => None,
        }
    }

    /// Whether a timer's `TimerFired` is buffered.
    pub(crate) fn has_buffered_timer_fired(&self, timer_id: &str) -> bool {
        self.buffered.values().any(|event| fires(event, timer_id))
    }

    /// Whether the end of an activity is buffered.
    pub(crate) fn has_buffered_activity_end(&self, scheduled: EventId) -> bool {
        self.buffered.values().any(|event| {
            let of = match &event.attributes {
                Some(Attributes::ActivityTaskCompletedEventAttributes(a)) => a.scheduled_event_id,
                Some(Attributes::ActivityTaskFailedEventAttributes(a)) => a.scheduled_event_id,
                Some(Attributes::ActivityTaskTimedOutEventAttributes(a)) => a.scheduled_event_id,
                Some(Attributes::ActivityTaskCanceledEventAttributes(a)) => a.scheduled_event_id,
                _ => return false,
            };
            of == scheduled.0
        })
    }

    fn push(&mut self, mut event: HistoryEvent) -> EventId {
        let id = self.next_event_id();
        event.event_id = id.0;
        event.task_id = FIRST_TASK_ID + id.0;
        self.append(event);
        id
    }

    /// Records an event that has its id.
    pub(crate) fn append(&mut self, event: HistoryEvent) {
        let id = EventId(event.event_id);
        self.history_size += event.encoded_len();
        if let Some(request_id) = request_id_of(&event) {
            self.requests
                .record(RequestId::from(request_id), event.event_type(), id);
        }
        self.events.push(event);
    }
}

/// Builds an event that is not recorded.
pub(crate) fn unrecorded(at: Time, attributes: Attributes) -> HistoryEvent {
    HistoryEvent {
        event_time: Some(at.into()),
        event_type: event_type(&attributes).into(),
        worker_may_ignore: may_be_ignored(&attributes),
        attributes: Some(attributes),
        ..Default::default()
    }
}

/// Links a buffered end of an activity or child to the start buffered before it, whose id was not
/// known until now.
fn link_started(event: &mut HistoryEvent, started: &mut BTreeMap<i64, i64>, id: EventId) {
    let (scheduled, link) = match &mut event.attributes {
        Some(Attributes::ActivityTaskStartedEventAttributes(a)) => {
            started.insert(a.scheduled_event_id, id.0);
            return;
        }
        Some(Attributes::ActivityTaskCompletedEventAttributes(a)) => {
            (a.scheduled_event_id, &mut a.started_event_id)
        }
        Some(Attributes::ActivityTaskFailedEventAttributes(a)) => {
            (a.scheduled_event_id, &mut a.started_event_id)
        }
        Some(Attributes::ActivityTaskTimedOutEventAttributes(a)) => {
            (a.scheduled_event_id, &mut a.started_event_id)
        }
        Some(Attributes::ActivityTaskCanceledEventAttributes(a)) => {
            (a.scheduled_event_id, &mut a.started_event_id)
        }
        Some(Attributes::ChildWorkflowExecutionStartedEventAttributes(a)) => {
            started.insert(a.initiated_event_id, id.0);
            return;
        }
        Some(Attributes::ChildWorkflowExecutionCompletedEventAttributes(a)) => {
            (a.initiated_event_id, &mut a.started_event_id)
        }
        Some(Attributes::ChildWorkflowExecutionFailedEventAttributes(a)) => {
            (a.initiated_event_id, &mut a.started_event_id)
        }
        Some(Attributes::ChildWorkflowExecutionCanceledEventAttributes(a)) => {
            (a.initiated_event_id, &mut a.started_event_id)
        }
        Some(Attributes::ChildWorkflowExecutionTerminatedEventAttributes(a)) => {
            (a.initiated_event_id, &mut a.started_event_id)
        }
        Some(Attributes::ChildWorkflowExecutionTimedOutEventAttributes(a)) => {
            (a.initiated_event_id, &mut a.started_event_id)
        }
        _ => return,
    };
    if let Some(started) = started.get(&scheduled) {
        *link = *started;
    }
}

fn ends_something(event: &HistoryEvent) -> bool {
    matches!(
        event.event_type(),
        EventType::ActivityTaskCompleted
            | EventType::ActivityTaskFailed
            | EventType::ActivityTaskTimedOut
            | EventType::ActivityTaskCanceled
            | EventType::ChildWorkflowExecutionCompleted
            | EventType::ChildWorkflowExecutionFailed
            | EventType::ChildWorkflowExecutionTimedOut
            | EventType::ChildWorkflowExecutionCanceled
            | EventType::ChildWorkflowExecutionTerminated
    )
}

fn fires(event: &HistoryEvent, timer_id: &str) -> bool {
    matches!(&event.attributes, Some(Attributes::TimerFiredEventAttributes(fired)) if fired.timer_id == timer_id)
}

fn request_id_of(event: &HistoryEvent) -> Option<&str> {
    let id = match &event.attributes {
        Some(Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(a)) => {
            &a.attached_request_id
        }
        Some(Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(a)) => {
            &a.accepted_request.as_ref()?.request_id
        }
        _ => return None,
    };
    Some(id.as_str()).filter(|id| !id.is_empty())
}

/// Whether a worker that does not know the event may replay without it.
fn may_be_ignored(attributes: &Attributes) -> bool {
    matches!(
        attributes,
        Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(_)
            | Attributes::WorkflowExecutionTimeSkippingTransitionedEventAttributes(_)
    )
}

/// The event type of the attributes; Temporal's messages name each twice.
fn event_type(attributes: &Attributes) -> EventType {
    use Attributes as A;
    match attributes {
        A::WorkflowExecutionStartedEventAttributes(_) => EventType::WorkflowExecutionStarted,
        A::WorkflowExecutionCompletedEventAttributes(_) => EventType::WorkflowExecutionCompleted,
        A::WorkflowExecutionFailedEventAttributes(_) => EventType::WorkflowExecutionFailed,
        A::WorkflowExecutionTimedOutEventAttributes(_) => EventType::WorkflowExecutionTimedOut,
        A::WorkflowExecutionCanceledEventAttributes(_) => EventType::WorkflowExecutionCanceled,
        A::WorkflowExecutionTerminatedEventAttributes(_) => EventType::WorkflowExecutionTerminated,
        A::WorkflowExecutionContinuedAsNewEventAttributes(_) => {
            EventType::WorkflowExecutionContinuedAsNew
        }
        A::WorkflowExecutionSignaledEventAttributes(_) => EventType::WorkflowExecutionSignaled,
        A::WorkflowExecutionCancelRequestedEventAttributes(_) => {
            EventType::WorkflowExecutionCancelRequested
        }
        A::WorkflowExecutionOptionsUpdatedEventAttributes(_) => {
            EventType::WorkflowExecutionOptionsUpdated
        }
        A::WorkflowExecutionTimeSkippingTransitionedEventAttributes(_) => {
            EventType::WorkflowExecutionTimeSkippingTransitioned
        }
        A::WorkflowExecutionUpdateAdmittedEventAttributes(_) => {
            EventType::WorkflowExecutionUpdateAdmitted
        }
        A::WorkflowExecutionUpdateAcceptedEventAttributes(_) => {
            EventType::WorkflowExecutionUpdateAccepted
        }
        A::WorkflowExecutionUpdateCompletedEventAttributes(_) => {
            EventType::WorkflowExecutionUpdateCompleted
        }
        A::WorkflowTaskScheduledEventAttributes(_) => EventType::WorkflowTaskScheduled,
        A::WorkflowTaskStartedEventAttributes(_) => EventType::WorkflowTaskStarted,
        A::WorkflowTaskCompletedEventAttributes(_) => EventType::WorkflowTaskCompleted,
        A::WorkflowTaskFailedEventAttributes(_) => EventType::WorkflowTaskFailed,
        A::WorkflowTaskTimedOutEventAttributes(_) => EventType::WorkflowTaskTimedOut,
        A::ActivityTaskScheduledEventAttributes(_) => EventType::ActivityTaskScheduled,
        A::ActivityTaskStartedEventAttributes(_) => EventType::ActivityTaskStarted,
        A::ActivityTaskCompletedEventAttributes(_) => EventType::ActivityTaskCompleted,
        A::ActivityTaskFailedEventAttributes(_) => EventType::ActivityTaskFailed,
        A::ActivityTaskTimedOutEventAttributes(_) => EventType::ActivityTaskTimedOut,
        A::ActivityTaskCancelRequestedEventAttributes(_) => EventType::ActivityTaskCancelRequested,
        A::ActivityTaskCanceledEventAttributes(_) => EventType::ActivityTaskCanceled,
        A::TimerStartedEventAttributes(_) => EventType::TimerStarted,
        A::TimerFiredEventAttributes(_) => EventType::TimerFired,
        A::TimerCanceledEventAttributes(_) => EventType::TimerCanceled,
        A::MarkerRecordedEventAttributes(_) => EventType::MarkerRecorded,
        A::UpsertWorkflowSearchAttributesEventAttributes(_) => {
            EventType::UpsertWorkflowSearchAttributes
        }
        A::WorkflowPropertiesModifiedEventAttributes(_) => EventType::WorkflowPropertiesModified,
        A::StartChildWorkflowExecutionInitiatedEventAttributes(_) => {
            EventType::StartChildWorkflowExecutionInitiated
        }
        A::StartChildWorkflowExecutionFailedEventAttributes(_) => {
            EventType::StartChildWorkflowExecutionFailed
        }
        A::ChildWorkflowExecutionStartedEventAttributes(_) => {
            EventType::ChildWorkflowExecutionStarted
        }
        A::ChildWorkflowExecutionCompletedEventAttributes(_) => {
            EventType::ChildWorkflowExecutionCompleted
        }
        A::ChildWorkflowExecutionFailedEventAttributes(_) => {
            EventType::ChildWorkflowExecutionFailed
        }
        A::ChildWorkflowExecutionCanceledEventAttributes(_) => {
            EventType::ChildWorkflowExecutionCanceled
        }
        A::ChildWorkflowExecutionTimedOutEventAttributes(_) => {
            EventType::ChildWorkflowExecutionTimedOut
        }
        A::ChildWorkflowExecutionTerminatedEventAttributes(_) => {
            EventType::ChildWorkflowExecutionTerminated
        }
        A::SignalExternalWorkflowExecutionInitiatedEventAttributes(_) => {
            EventType::SignalExternalWorkflowExecutionInitiated
        }
        A::SignalExternalWorkflowExecutionFailedEventAttributes(_) => {
            EventType::SignalExternalWorkflowExecutionFailed
        }
        A::ExternalWorkflowExecutionSignaledEventAttributes(_) => {
            EventType::ExternalWorkflowExecutionSignaled
        }
        A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(_) => {
            EventType::RequestCancelExternalWorkflowExecutionInitiated
        }
        A::RequestCancelExternalWorkflowExecutionFailedEventAttributes(_) => {
            EventType::RequestCancelExternalWorkflowExecutionFailed
        }
        A::ExternalWorkflowExecutionCancelRequestedEventAttributes(_) => {
            EventType::ExternalWorkflowExecutionCancelRequested
        }
        other => unreachable!("this crate records no {other:?}"),
    }
}

/// Task ids grow over all runs of the platform's server; readers only expect them to grow.
const FIRST_TASK_ID: i64 = 1_048_576;

//! Ids of requests, which make their repetitions idempotent.

use durably_proto::api::enums::v1::EventType;

use crate::id::{EventId, RequestId};
use crate::tracked::Tracked;

/// The requests that the run has recorded.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    /// The events that requests caused, for descriptions; only grows.
    events: Tracked<RequestId, (EventType, EventId)>,
    /// Request ids of signals; only grows. A closed run keeps them: the signal that made it end may be repeated.
    signals: Tracked<RequestId, ()>,
    /// Number of signals received; not every one has a request id.
    signals_received: usize,
}

impl Requests {
    /// Records the event that a request caused.
    pub(crate) fn record(&mut self, id: RequestId, event_type: EventType, event: EventId) {
        assert!(event >= EventId::FIRST, "a request causes a recorded event");
        self.events.insert(id, (event_type, event));
    }

    /// The event that a request caused.
    pub(crate) fn event(&self, id: &RequestId) -> Option<(EventType, EventId)> {
        self.events.get(id).copied()
    }

    /// All requests with their events.
    pub(crate) fn events(&self) -> impl Iterator<Item = (&RequestId, EventType, EventId)> {
        self.events
            .iter()
            .map(|(id, (kind, event))| (id, *kind, *event))
    }

    /// Counts a signal; `id` is empty if the signal has no request id.
    pub(crate) fn record_signal(&mut self, id: RequestId) {
        self.signals_received += 1;
        if !id.as_str().is_empty() {
            let other = self.signals.insert(id, ());
            assert!(other.is_none(), "a repeated signal is not recorded");
        }
        self.assert_invariants();
    }

    /// Replaces the event of a request that started the run and signalled it by the one of the signal. The type
    /// stays that of the start, as on the real server.
    pub(crate) fn record_signal_with_start(&mut self, id: &RequestId, signaled: EventId) {
        if let Some((EventType::WorkflowExecutionStarted, event)) = self.events.get_mut(id)
            && !id.as_str().is_empty()
        {
            *event = signaled;
        }
    }

    /// Counts a signal of an earlier run, which may repeat the request id of another one.
    pub(crate) fn record_any_signal(&mut self, id: RequestId) {
        match self.has_signal(&id) {
            true => self.record_signal(RequestId::default()),
            false => self.record_signal(id),
        }
    }

    /// The request ids of signals.
    pub(crate) fn signals(&self) -> impl Iterator<Item = &RequestId> {
        self.signals.keys()
    }

    /// Whether a signal with this request id was recorded.
    pub(crate) fn has_signal(&self, id: &RequestId) -> bool {
        self.signals.contains_key(id)
    }

    /// How many signals were received.
    pub(crate) fn signals_received(&self) -> usize {
        self.signals_received
    }

    /// How many ids are kept.
    pub(crate) fn len(&self) -> usize {
        self.events.len() + self.signals.len()
    }

    /// The stored number of signals, without their ids.
    pub(crate) fn with_signals_received(signals_received: usize) -> Self {
        Self {
            signals_received,
            ..Self::default()
        }
    }

    /// Adds a stored request; returns false if it is there.
    pub(crate) fn restore(&mut self, id: RequestId, event_type: EventType, event: EventId) -> bool {
        self.events.restore(id, (event_type, event))
    }

    /// Adds a stored request id of a signal; returns false if it is there, or more than signals
    /// were received.
    pub(crate) fn restore_signal(&mut self, id: RequestId) -> bool {
        self.signals.restore(id, ()) && self.signals.len() <= self.signals_received
    }

    /// The requests that were recorded since the last commit.
    pub(crate) fn take_changed(
        &mut self,
    ) -> impl Iterator<Item = (RequestId, Option<&(EventType, EventId)>)> {
        self.events.take_changed()
    }

    /// The request ids of signals that were added or removed since the last commit.
    pub(crate) fn take_changed_signals(
        &mut self,
    ) -> impl Iterator<Item = (RequestId, Option<&()>)> {
        self.signals.take_changed()
    }

    fn assert_invariants(&self) {
        assert!(
            self.signals.len() <= self.signals_received,
            "a request id belongs to a signal"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a repeated signal is not recorded")]
    fn a_request_id_belongs_to_one_signal() {
        let mut requests = Requests::default();
        requests.record_signal("a".into());
        requests.record_signal("a".into());
    }
}

//! Messages of the run to other executions that are not delivered.

use std::sync::Arc;

use crate::id::{OutgoingKey, OutgoingKind, RequestId, RunId};
use crate::tracked::Tracked;

/// The messages that are not delivered. A closed run keeps them until they are.
#[derive(Debug, Default)]
pub(crate) struct OutgoingMessages {
    by_key: Tracked<OutgoingKey, OutgoingEntry>,
    /// How many there are of each kind, in the order of [`OutgoingKind::ALL`].
    counts: [usize; OutgoingKind::ALL.len()],
}

/// The data of a message that its event does not have.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutgoingEntry {
    /// Name of the target's namespace, for the event that records the answer; of a signal or a
    /// cancel request.
    pub namespace: Arc<str>,
    /// Makes a repeated delivery of a signal idempotent.
    pub request_id: RequestId,
    /// The first run of the child that the message starts, by which a repeated delivery finds it;
    /// none of other messages, and of those that an earlier version has stored.
    pub child_run_id: Option<RunId>,
}

impl OutgoingEntry {
    /// Of a message that starts a child.
    pub(crate) fn child(run_id: RunId) -> Self {
        Self {
            child_run_id: Some(run_id),
            ..Self::default()
        }
    }
}

impl OutgoingMessages {
    /// Adds a message.
    pub(crate) fn add(&mut self, key: OutgoingKey, entry: OutgoingEntry) {
        let other = self.by_key.insert(key, entry);
        assert!(other.is_none(), "an event has one message of a kind");
        self.counts[key.kind as usize] += 1;
        self.assert_invariants();
    }

    /// Removes a message that is delivered or void.
    pub(crate) fn remove(&mut self, key: OutgoingKey) -> Option<OutgoingEntry> {
        let entry = self.by_key.remove(&key)?;
        self.counts[key.kind as usize] -= 1;
        self.assert_invariants();
        Some(entry)
    }

    /// Removes the messages whose answers the closing run cannot record.
    pub(crate) fn withdraw_at_close(&mut self) {
        let keys = self.by_key.keys().copied();
        let withdrawn: Vec<_> = keys.filter(|key| key.kind.ends_with_its_sender()).collect();
        for key in withdrawn {
            self.remove(key);
        }
    }

    pub(crate) fn get(&self, key: OutgoingKey) -> Option<&OutgoingEntry> {
        self.by_key.get(&key)
    }

    /// The keys in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = OutgoingKey> {
        self.by_key.keys().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// How many messages there are of a kind.
    pub(crate) fn count(&self, kind: OutgoingKind) -> usize {
        self.counts[kind as usize]
    }

    /// Adds a stored message; returns false if it is there.
    pub(crate) fn restore(&mut self, key: OutgoingKey, entry: OutgoingEntry) -> bool {
        self.counts[key.kind as usize] += 1;
        self.by_key.restore(key, entry)
    }

    /// The messages that were added or removed since the last commit.
    pub(crate) fn take_changed(
        &mut self,
    ) -> impl Iterator<Item = (OutgoingKey, Option<&OutgoingEntry>)> {
        self.by_key.take_changed()
    }

    fn assert_invariants(&self) {
        assert_eq!(
            self.counts.iter().sum::<usize>(),
            self.by_key.len(),
            "messages are counted by kind"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::EventId;

    #[test]
    fn a_closing_run_withdraws_the_messages_whose_answers_it_would_record() {
        let mut messages = OutgoingMessages::default();
        for (event, kind) in (5..).zip(OutgoingKind::ALL) {
            messages.add(kind.of(EventId(event)), OutgoingEntry::default());
        }
        assert_eq!(messages.count(OutgoingKind::Signal), 1);
        messages.withdraw_at_close();
        let kinds: Vec<_> = messages.keys().map(|key| key.kind).collect();
        assert_eq!(
            kinds,
            [
                OutgoingKind::BeginChild,
                OutgoingKind::ClosePolicy,
                OutgoingKind::ReportClose
            ]
        );
        assert_eq!(messages.count(OutgoingKind::Signal), 0);
    }

    #[test]
    #[should_panic(expected = "an event has one message of a kind")]
    fn an_event_has_one_message_of_a_kind() {
        let mut messages = OutgoingMessages::default();
        let key = OutgoingKind::Signal.of(EventId(5));
        messages.add(key, OutgoingEntry::default());
        messages.add(key, OutgoingEntry::default());
    }
}

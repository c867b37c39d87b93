//! Updates that were not rejected.

use std::collections::{BTreeMap, BTreeSet};

use durably_proto::api::update::v1::Request;

use crate::id::{EventId, UpdateId};
use crate::tracked::Tracked;

/// The updates of a run.
#[derive(Debug, Default)]
pub(crate) struct Updates {
    by_id: Tracked<UpdateId, Update>,
    /// Those that no worker has answered, in the order of their admission.
    unanswered: BTreeMap<u64, UpdateId>,
    /// Those that are accepted and not completed.
    accepted: BTreeSet<UpdateId>,
    /// Number of updates ever admitted; the source of [`Update::order`].
    admitted: u64,
}

/// An update that was not rejected.
///
/// ```text
///   Admitted --task started--> Sent --accepted--> Accepted --responded--> Completed
///       |                        '----rejected--> removed    '-- run ends: FailedAtClose
///       '--- run ends: removed
/// ```
///
/// An update that an `UpdateAdmitted` event records goes from `Recorded` to `RecordedSent` in the
/// same way: its request reaches the worker with the history, not with a message.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    /// Number in the order of admission.
    pub order: u64,
    pub state: UpdateState,
}

#[derive(Clone, Debug)]
pub(crate) enum UpdateState {
    /// Waits for the next workflow task.
    Admitted(Box<Request>),
    /// Delivered with the workflow task that is with the worker, or with one that failed.
    Sent(Box<Request>),
    /// As `Admitted`, recorded by this event, which has the request.
    Recorded(EventId),
    /// As `Sent`, recorded by this event, which has the request.
    RecordedSent(EventId),
    /// Accepted by the worker, recorded by this event.
    Accepted(EventId),
    /// Completed, recorded by this event.
    Completed(EventId),
    /// Accepted, but the run closed before it completed.
    FailedAtClose,
}

/// How an update ends whose run closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndAtClose {
    /// No worker answered it; it is removed.
    Aborted,
    /// It was accepted; it has failed.
    Failed,
}

impl UpdateState {
    /// Whether no worker has answered the update.
    pub(crate) fn is_unanswered(&self) -> bool {
        match self {
            Self::Admitted(_) | Self::Sent(_) | Self::Recorded(_) | Self::RecordedSent(_) => true,
            Self::Accepted(_) | Self::Completed(_) | Self::FailedAtClose => false,
        }
    }

    /// The event that records the admission of an unanswered update, if one does.
    pub(crate) fn admitted_event(&self) -> Option<EventId> {
        match self {
            Self::Recorded(event) | Self::RecordedSent(event) => Some(*event),
            Self::Admitted(_)
            | Self::Sent(_)
            | Self::Accepted(_)
            | Self::Completed(_)
            | Self::FailedAtClose => None,
        }
    }
}

impl Updates {
    /// Adds an update, for the next workflow task.
    pub(crate) fn admit(&mut self, id: UpdateId, request: Request) {
        self.add_unanswered(id, UpdateState::Admitted(Box::new(request)));
    }

    /// Adds an update whose admission this event records, for the next workflow task.
    pub(crate) fn admit_recorded(&mut self, id: UpdateId, event: EventId) {
        self.add_unanswered(id, UpdateState::Recorded(event));
    }

    fn add_unanswered(&mut self, id: UpdateId, state: UpdateState) {
        self.admitted += 1;
        self.unanswered.insert(self.admitted, id.clone());
        let update = Update {
            order: self.admitted,
            state,
        };
        let other = self.by_id.insert(id, update);
        assert!(other.is_none(), "an update is admitted once");
        self.assert_invariants();
    }

    /// Whether a workflow task would deliver updates. With `resend`, those that an earlier task
    /// delivered are delivered again.
    pub(crate) fn any_to_send(&self, resend: bool) -> bool {
        self.to_send(resend).next().is_some()
    }

    /// Marks the updates that a workflow task delivers as sent, and returns those in order that need
    /// a message.
    pub(crate) fn send(&mut self, resend: bool) -> Vec<(UpdateId, Request)> {
        let to_send: Vec<_> = self.to_send(resend).cloned().collect();
        let sent = to_send.into_iter().filter_map(|id| {
            let request = self.request(&id).cloned();
            if self.is_admitted(&id) {
                let update = self.by_id.get_mut(&id).expect("it is admitted");
                update.state = match &update.state {
                    UpdateState::Recorded(event) => UpdateState::RecordedSent(*event),
                    _ => UpdateState::Sent(Box::new(request.clone().unwrap_or_default())),
                };
            }
            Some((id, request?))
        });
        sent.collect()
    }

    /// The updates that the worker received and did not answer.
    pub(crate) fn sent(&self) -> Vec<UpdateId> {
        let unanswered = self.unanswered.values();
        let mut sent: Vec<_> = unanswered
            .filter(|id| !self.is_admitted(id))
            .cloned()
            .collect();
        sent.sort();
        sent
    }

    /// The request of an update that no worker has answered, unless an event has it.
    pub(crate) fn request(&self, id: &UpdateId) -> Option<&Request> {
        match &self.by_id.get(id)?.state {
            UpdateState::Admitted(request) | UpdateState::Sent(request) => Some(request),
            UpdateState::Recorded(_)
            | UpdateState::RecordedSent(_)
            | UpdateState::Accepted(_)
            | UpdateState::Completed(_)
            | UpdateState::FailedAtClose => None,
        }
    }

    /// The worker accepted an update, recorded by this event. One that is unknown is added: the
    /// server may have lost it, while the worker has its request.
    pub(crate) fn accept(&mut self, id: UpdateId, event: EventId) {
        let order = match self.by_id.get(&id) {
            Some(update) => {
                let removed = self.unanswered.remove(&update.order);
                assert_eq!(removed.as_ref(), Some(&id), "an update is accepted once");
                update.order
            }
            None => self.admitted,
        };
        self.accepted.insert(id.clone());
        let state = UpdateState::Accepted(event);
        self.by_id.insert(id, Update { order, state });
        self.assert_invariants();
    }

    /// The worker completed an accepted update, recorded by this event.
    pub(crate) fn complete(&mut self, id: &UpdateId, event: EventId) {
        assert!(self.accepted.remove(id), "an accepted update completes");
        let update = self.by_id.get_mut(id).expect("it was accepted");
        update.state = UpdateState::Completed(event);
        self.assert_invariants();
    }

    /// Removes an update that was rejected; it may be one that the server does not know.
    pub(crate) fn reject(&mut self, id: &UpdateId) {
        let Some(update) = self.by_id.remove(id) else {
            return;
        };
        let removed = self.unanswered.remove(&update.order);
        assert_eq!(removed.as_ref(), Some(id), "an answered update stays");
        self.assert_invariants();
    }

    /// Ends the updates in flight of a closing run, and returns how.
    pub(crate) fn end_all(&mut self) -> BTreeMap<UpdateId, EndAtClose> {
        let mut ended = BTreeMap::new();
        for id in std::mem::take(&mut self.unanswered).into_values() {
            self.by_id.remove(&id);
            ended.insert(id, EndAtClose::Aborted);
        }
        for id in std::mem::take(&mut self.accepted) {
            let update = self.by_id.get_mut(&id).expect("it was accepted");
            update.state = UpdateState::FailedAtClose;
            ended.insert(id, EndAtClose::Failed);
        }
        self.assert_invariants();
        ended
    }

    pub(crate) fn get(&self, id: &UpdateId) -> Option<&Update> {
        self.by_id.get(id)
    }

    /// How many are neither rejected nor completed.
    pub(crate) fn in_flight(&self) -> usize {
        self.unanswered.len() + self.accepted.len()
    }

    /// How many were not rejected.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// How many were ever admitted.
    pub(crate) fn admitted(&self) -> u64 {
        self.admitted
    }

    /// The stored number of admitted updates, without the updates.
    pub(crate) fn with_admitted(admitted: u64) -> Self {
        Self {
            admitted,
            ..Self::default()
        }
    }

    /// Adds a stored update; returns false if there is one with its id or place.
    pub(crate) fn restore(&mut self, id: UpdateId, update: Update) -> bool {
        let is_new = match &update.state {
            UpdateState::Admitted(_)
            | UpdateState::Sent(_)
            | UpdateState::Recorded(_)
            | UpdateState::RecordedSent(_) => {
                let other = self.unanswered.insert(update.order, id.clone());
                other.is_none() && update.order <= self.admitted
            }
            UpdateState::Accepted(_) => self.accepted.insert(id.clone()),
            UpdateState::Completed(_) | UpdateState::FailedAtClose => true,
        };
        is_new && self.by_id.restore(id, update)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&UpdateId, &Update)> {
        self.by_id.iter()
    }

    /// The updates that changed since the last commit.
    pub(crate) fn take_changed(&mut self) -> impl Iterator<Item = (UpdateId, Option<&Update>)> {
        self.by_id.take_changed()
    }

    fn to_send(&self, resend: bool) -> impl Iterator<Item = &UpdateId> {
        let unanswered = self.unanswered.values();
        unanswered.filter(move |id| resend || self.is_admitted(id))
    }

    fn is_admitted(&self, id: &UpdateId) -> bool {
        let update = self.by_id.get(id);
        update.is_some_and(|update| {
            matches!(
                update.state,
                UpdateState::Admitted(_) | UpdateState::Recorded(_)
            )
        })
    }

    fn assert_invariants(&self) {
        assert!(
            self.in_flight() <= self.by_id.len(),
            "an update in flight is an update"
        );
        let newest = self.unanswered.last_key_value();
        assert!(
            newest.is_none_or(|(order, _)| *order <= self.admitted),
            "updates are numbered as they are admitted"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_are_sent_in_the_order_of_their_admission() {
        let mut updates = Updates::default();
        for id in ["b", "c", "a"] {
            updates.admit(id.into(), Request::default());
        }
        updates.accept("c".into(), EventId(7));
        let sent = |updates: &mut Updates, resend| {
            let sent = updates.send(resend).into_iter();
            sent.map(|(id, _)| id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(sent(&mut updates, false), ["b", "a"]);
        assert_eq!(sent(&mut updates, false), [""; 0]);
        assert_eq!(sent(&mut updates, true), ["b", "a"]);
        assert_eq!(updates.in_flight(), 3);
    }

    #[test]
    fn an_update_that_an_event_has_needs_no_message() {
        let mut updates = Updates::default();
        updates.admit_recorded("a".into(), EventId(5));
        updates.admit("b".into(), Request::default());
        assert!(updates.any_to_send(false));
        let messages: Vec<_> = updates.send(false).into_iter().map(|(id, _)| id).collect();
        assert_eq!(messages, ["b".into()]);
        assert_eq!(updates.sent(), ["a".into(), "b".into()]);
        assert!(!updates.any_to_send(false));
        updates.accept("a".into(), EventId(9));
        assert_eq!((updates.in_flight(), updates.len()), (2, 2));
    }

    #[test]
    #[should_panic(expected = "an accepted update completes")]
    fn an_update_does_not_complete_before_its_acceptance() {
        let mut updates = Updates::default();
        updates.admit("a".into(), Request::default());
        updates.complete(&"a".into(), EventId(7));
    }

    #[test]
    #[should_panic(expected = "an answered update stays")]
    fn an_accepted_update_is_not_rejected() {
        let mut updates = Updates::default();
        updates.accept("a".into(), EventId(7));
        updates.reject(&"a".into());
    }
}

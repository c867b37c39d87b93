//! Children: the workflows that the run starts.

use durably_proto::api::enums::v1::ParentClosePolicy;
use durably_proto::api::history::v1::StartChildWorkflowExecutionInitiatedEventAttributes;

use crate::id::{EventId, RunId};
use crate::tracked::Tracked;

/// The children whose end is not recorded. A closed run keeps those that it had: descriptions show
/// them.
#[derive(Debug, Default)]
pub(crate) struct Children {
    by_event: Tracked<EventId, Child>,
    /// How many of them are not started.
    unstarted: usize,
}

/// A child, by its `StartChildWorkflowExecutionInitiated` event, which has all else. What is needed of
/// every child at the run's close is kept here, too: its arguments may be large.
///
/// ```text
///   initiated --start--> started --complete / fail / cancel / time out / terminate--> removed
///       '-- the start fails --> removed
/// ```
#[derive(Clone, Debug, Default)]
pub(crate) struct Child {
    /// The id of its workflow.
    pub workflow_id: Box<str>,
    pub workflow_type: Box<str>,
    pub close_policy: ParentClosePolicy,
    /// Its first run; none while it is not started.
    pub started: Option<StartedChild>,
}

#[derive(Clone, Debug)]
pub(crate) struct StartedChild {
    /// Its first run.
    pub run_id: RunId,
    /// The `ChildWorkflowExecutionStarted` event; none while that is buffered.
    pub event: Option<EventId>,
}

impl From<&StartChildWorkflowExecutionInitiatedEventAttributes> for Child {
    fn from(event: &StartChildWorkflowExecutionInitiatedEventAttributes) -> Self {
        let workflow_type = event.workflow_type.as_ref();
        Self {
            workflow_id: event.workflow_id.as_str().into(),
            workflow_type: workflow_type.map_or("", |it| it.name.as_str()).into(),
            close_policy: event.parent_close_policy(),
            started: None,
        }
    }
}

impl Children {
    /// Adds a child that is to be started.
    pub(crate) fn initiate(&mut self, initiated: EventId, child: Child) {
        assert!(child.started.is_none(), "a child is initiated first");
        let other = self.by_event.insert(initiated, child);
        assert!(other.is_none(), "an event initiates one child");
        self.unstarted += 1;
        self.assert_invariants();
    }

    /// The child has started.
    pub(crate) fn start(&mut self, initiated: EventId, run_id: RunId) {
        let child = self.by_event.get_mut(&initiated);
        let child = child.expect("the caller has seen the child");
        assert!(child.started.is_none(), "a child starts once");
        child.started = Some(StartedChild {
            run_id,
            event: None,
        });
        self.unstarted -= 1;
        self.assert_invariants();
    }

    /// The start of a child, if it is pending, was recorded by this event.
    pub(crate) fn record_start(&mut self, initiated: EventId, event: EventId) {
        let child = self.by_event.get_mut(&initiated);
        if let Some(started) = child.and_then(|child| child.started.as_mut()) {
            assert_eq!(started.event, None, "a start is recorded once");
            started.event = Some(event);
        }
    }

    /// Removes a child whose start failed, or which has closed.
    pub(crate) fn remove(&mut self, initiated: EventId) -> Option<Child> {
        let child = self.by_event.remove(&initiated)?;
        self.unstarted -= usize::from(child.started.is_none());
        self.assert_invariants();
        Some(child)
    }

    pub(crate) fn get(&self, initiated: EventId) -> Option<&Child> {
        self.by_event.get(&initiated)
    }

    /// The children in the order of their events.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (EventId, &Child)> {
        self.by_event.iter().map(|(event, child)| (*event, child))
    }

    pub(crate) fn len(&self) -> usize {
        self.by_event.len()
    }

    /// How many children are not started.
    pub(crate) fn unstarted(&self) -> usize {
        self.unstarted
    }

    /// Adds a stored child; returns false if it is there.
    pub(crate) fn restore(&mut self, initiated: EventId, child: Child) -> bool {
        self.unstarted += usize::from(child.started.is_none());
        self.by_event.restore(initiated, child)
    }

    /// The children that changed since the last commit.
    pub(crate) fn take_changed(&mut self) -> impl Iterator<Item = (EventId, Option<&Child>)> {
        self.by_event.take_changed()
    }

    fn assert_invariants(&self) {
        assert!(
            self.unstarted <= self.by_event.len(),
            "children that are not started are pending"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a child starts once")]
    fn a_started_child_does_not_start_again() {
        let mut children = Children::default();
        children.initiate(EventId(5), Child::default());
        children.start(EventId(5), "a".into());
        children.start(EventId(5), "b".into());
    }

    #[test]
    fn a_child_counts_as_unstarted_until_it_starts_or_fails_to() {
        let mut children = Children::default();
        children.initiate(EventId(5), Child::default());
        children.initiate(EventId(6), Child::default());
        assert_eq!(children.unstarted(), 2);
        children.start(EventId(5), "a".into());
        children.remove(EventId(6));
        assert_eq!((children.unstarted(), children.len()), (0, 1));
        children.remove(EventId(5));
        assert_eq!((children.unstarted(), children.len()), (0, 0));
    }
}

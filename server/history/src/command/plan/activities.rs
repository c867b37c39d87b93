//! Pending activities of a run after the steps planned so far.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{ActivityId, EventId};
use crate::pending::activities::ActivityState;
use crate::state::Run;

/// Activities scheduled and cancelled by the steps planned so far.
pub(crate) struct PlannedActivities<'a> {
    run: &'a Run,
    /// Scheduled by a step and not cancelled since, by the event that will schedule them.
    scheduled: BTreeMap<EventId, ActivityId>,
    /// `scheduled`, by activity id.
    ids: BTreeMap<ActivityId, EventId>,
    /// Cancelled by a step before a worker took them: closed.
    ended: BTreeSet<EventId>,
    /// Cancel requested by a step after a worker took them: still pending.
    cancel_requested: BTreeSet<EventId>,
    /// The number of pending activities.
    pending: usize,
}

impl<'a> PlannedActivities<'a> {
    pub(crate) fn new(run: &'a Run) -> Self {
        Self {
            run,
            scheduled: BTreeMap::new(),
            ids: BTreeMap::new(),
            ended: BTreeSet::new(),
            cancel_requested: BTreeSet::new(),
            pending: run.activities.len(),
        }
    }

    /// Whether a pending activity has this id.
    pub(crate) fn contains(&self, id: &ActivityId) -> bool {
        if self.ids.contains_key(id) {
            return true;
        }
        let recorded = self.run.activities.event_of(id);
        recorded.is_some_and(|scheduled| !self.ended.contains(&scheduled))
    }

    /// How many activities are pending.
    pub(crate) fn pending(&self) -> usize {
        self.pending
    }

    pub(crate) fn schedule(&mut self, id: ActivityId, scheduled: EventId) {
        self.ids.insert(id.clone(), scheduled);
        self.scheduled.insert(scheduled, id);
        self.pending += 1;
        self.assert_invariants();
    }

    /// Plans a cancel request; returns false if there is no such activity, or its cancellation was
    /// requested before.
    ///
    /// A request for an activity that has closed without the worker's knowledge is valid, also for
    /// one that an earlier request of the same task closed.
    pub(crate) fn cancel(&mut self, scheduled: EventId) -> bool {
        if let Some(id) = self.scheduled.remove(&scheduled) {
            self.ids.remove(&id);
            self.end(scheduled);
            self.assert_invariants();
            return true;
        }
        match self.run.activities.get(scheduled) {
            Some(activity) => match activity.state {
                ActivityState::Started { .. } => {
                    activity.cancel_requested.is_none() && self.cancel_requested.insert(scheduled)
                }
                ActivityState::Waiting | ActivityState::Backoff { .. } => {
                    self.end(scheduled);
                    true
                }
            },
            None => {
                self.ended.contains(&scheduled) || self.run.has_buffered_activity_end(scheduled)
            }
        }
    }

    fn assert_invariants(&self) {
        assert_eq!(
            self.scheduled.len(),
            self.ids.len(),
            "planned activities are indexed by event and by id"
        );
    }

    fn end(&mut self, scheduled: EventId) {
        if self.ended.insert(scheduled) {
            self.pending -= 1;
        }
    }
}

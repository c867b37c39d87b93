//! A live run together with the state that is not part of its history.

use durably_history::{Deadline, Effect, Run, Time};

use super::waiters::Waiters;
use crate::clock::WorkUnits;
use crate::store::{RunChange, RunPhase};

/// A live run.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) run: Run,
    /// Queries and updates that wait for this run.
    pub(crate) waiters: Waiters,
    /// The time that the run's alarm was last set for.
    pub(crate) alarm: Option<Time>,
    /// Units of work that the skipping clock counts for this run, if there are any.
    pub(crate) at_work: Option<WorkUnits>,
}

impl Record {
    pub(crate) fn new(run: Run) -> Self {
        Self {
            waiters: Waiters::default(),
            alarm: None,
            at_work: None,
            run,
        }
    }

    /// A run out of the store. Its alarm is set: an alarm stays while the run is not in memory.
    pub(crate) fn restored(run: Run) -> Self {
        let mut record = Self::new(run);
        record.alarm = record.next_due();
        record
    }

    /// Whether someone waits for the run, or its messages for their delivery.
    pub(crate) fn is_awaited(&self) -> bool {
        !self.waiters.is_empty() || self.run.has_outgoing()
    }

    /// The earliest deadline.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.run.next_deadline().map(|(at, _)| at)
    }

    /// The next deadline if it is due.
    pub(crate) fn due(&self, now: Time) -> Option<Deadline> {
        let (at, deadline) = self.run.next_deadline()?;
        (at <= now).then_some(deadline)
    }

    /// Takes what a transition with these effects changed, for its commit.
    pub(crate) fn take_change(&mut self, is_new: bool, effects: &[Effect]) -> RunChange {
        let changes = self.run.take_changes();
        let is_visible = effects
            .iter()
            .any(|effect| matches!(effect, Effect::Closed(_) | Effect::VisibilityChanged));
        RunChange {
            run_id: self.run.run_id().clone(),
            is_new,
            parts: changes.parts,
            events: changes.events,
            phase: self.phase(),
            row: is_visible.then(|| Box::new(self.run.info())),
        }
    }

    fn phase(&self) -> RunPhase {
        match self.run.closed_at() {
            Some(at) => RunPhase::Closed {
                at,
                has_messages: self.run.has_outgoing() || self.run.is_deletion_requested(),
            },
            None => RunPhase::Open {
                next_due: self.next_due(),
                has_tasks: self.run.has_pending_task(),
            },
        }
    }
}

//! The state of one run.

use std::collections::BTreeMap;

use durably_proto::api::enums::v1::WorkflowExecutionStatus;
use durably_proto::api::history::v1::HistoryEvent;

use crate::id::{EventId, RunId, TimerId, WorkflowId};
use crate::input::Input;
use crate::outcome::{Outcome, Reply};
use crate::rejection::Rejection;
use crate::start::Start;
use crate::time::Time;

/// The state of one run, with its history.
#[derive(Debug)]
pub struct Run {
    workflow_id: WorkflowId,
    run_id: RunId,
    events: Vec<HistoryEvent>,
    status: WorkflowExecutionStatus,
}

impl Run {
    /// Starts a run: its first events and what follows from them.
    pub fn start(start: Start, _now: Time) -> (Self, Outcome) {
        let run = Self {
            workflow_id: start.workflow_id,
            run_id: start.run_id,
            events: Vec::new(),
            status: WorkflowExecutionStatus::Running,
        };
        (
            run,
            Outcome {
                events: 0..0,
                effects: Vec::new(),
                reply: Reply::Done,
            },
        )
    }

    /// Applies one input.
    ///
    /// # Errors
    /// A [`Rejection`] says why the input was refused; the run has not changed.
    pub fn apply(&mut self, _input: Input, _now: Time) -> Result<Outcome, Rejection> {
        Err(Rejection::StaleDeadline)
    }

    /// The execution's name.
    pub fn workflow_id(&self) -> &WorkflowId {
        &self.workflow_id
    }
    /// The run's name.
    pub fn run_id(&self) -> &RunId {
        &self.run_id
    }
    /// All events recorded so far, in order; the event with id `n` is at `n - 1`.
    pub fn events(&self) -> &[HistoryEvent] {
        &self.events
    }
    /// The id the next event will have.
    pub fn next_event_id(&self) -> EventId {
        EventId(self.events.len() as i64 + 1)
    }
    /// Whether and how the run has ended.
    pub fn status(&self) -> WorkflowExecutionStatus {
        self.status
    }
    /// Whether the run goes on.
    pub fn is_running(&self) -> bool {
        self.status == WorkflowExecutionStatus::Running
    }
}
#[allow(dead_code)]
type Timers = BTreeMap<TimerId, ()>;

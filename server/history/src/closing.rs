//! Closing a run: discards everything that is pending.

use durably_proto::api::enums::v1::WorkflowExecutionStatus;

use crate::open_transition::OpenTransition;
use crate::state::{Phase, Run, WorkflowTask};
use crate::transition::Effect;

impl Run {
    /// Closes the run.
    pub(crate) fn close(&mut self, status: WorkflowExecutionStatus, out: &mut OpenTransition) {
        self.phase = Phase::Closed {
            status,
            at: out.now,
        };
        self.buffered.take_all();
        self.task = WorkflowTask::Idle;
        self.timers.clear();
        self.activities.clear();
        out.effect(Effect::Closed(status));
    }
}

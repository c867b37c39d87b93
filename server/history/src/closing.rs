//! Closing a run: discards everything that is pending.

use durably_proto::api::enums::v1::WorkflowExecutionStatus;

use crate::input::Deadline;
use crate::open_transition::OpenTransition;
use crate::state::{Phase, Run, WorkflowTask};
use crate::transition::Effect;

impl Run {
    /// Closes the run and disarms its deadlines.
    pub(crate) fn close(&mut self, status: WorkflowExecutionStatus, out: &mut OpenTransition) {
        self.phase = Phase::Closed {
            status,
            at: out.now,
        };
        self.buffered.take_all();
        if let WorkflowTask::Scheduled(task) = std::mem::replace(&mut self.task, WorkflowTask::Idle)
            && task.waits_until.is_some()
        {
            out.effect(Effect::Disarm(Deadline::WorkflowTask(task.stamp)));
        }
        for id in self.timers.clear() {
            out.effect(Effect::Disarm(Deadline::Timer(id)));
        }
        for activity in self.activities.clear() {
            if activity.armed.is_some() {
                out.effect(Effect::Disarm(Deadline::Activity(activity.scheduled)));
            }
        }
        if self.config.run_expires_at.is_some() {
            out.effect(Effect::Disarm(Deadline::Run));
        }
        out.effect(Effect::Closed(status));
    }
}

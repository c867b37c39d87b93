//! `CancelTimer`: removes the timer, even if its `TimerFired` is buffered.

use durably_proto::api::command::v1::CancelTimerCommandAttributes;
use durably_proto::api::enums::v1::WorkflowTaskFailedCause as Cause;
use durably_proto::api::history::v1::TimerCanceledEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::command::Completion;
use crate::command::bad_command::{BadCommand, invalid_state};
use crate::command::plan::Plan;
use crate::id::{EventId, TimerId};
use crate::open_transition::OpenTransition;
use crate::state::Run;

pub(crate) struct CancelTimer {
    id: TimerId,
}

pub(crate) fn read(attributes: &CancelTimerCommandAttributes) -> Result<CancelTimer, BadCommand> {
    if attributes.timer_id.is_empty() {
        let message = "TimerId is not set on CancelTimerCommand.".to_owned();
        return Err(BadCommand::new(Cause::BadCancelTimerAttributes, message));
    }
    Ok(CancelTimer {
        id: attributes.timer_id.as_str().into(),
    })
}

impl CancelTimer {
    pub(crate) fn check(&self, plan: &mut Plan<'_>) -> Result<(), BadCommand> {
        if plan.has_timer(&self.id) {
            plan.timers.insert(self.id.clone(), false);
            return Ok(());
        }
        if plan.run.has_buffered_timer_fired(self.id.as_str())
            && plan.unfired.insert(self.id.clone())
        {
            return Ok(());
        }
        let message = invalid_state("add-timer-canceled-event", "TimerID", &self.id);
        Err(BadCommand::new(Cause::BadCancelTimerAttributes, message))
    }

    pub(crate) fn apply(
        self,
        run: &mut Run,
        completing: &Completion,
        out: &mut OpenTransition,
    ) -> EventId {
        let started = match run.timers.remove(&self.id) {
            Some(timer) => timer.started,
            None => run
                .take_buffered_timer_fired(self.id.as_str())
                .expect("checked by the plan"),
        };
        let event = TimerCanceledEventAttributes {
            timer_id: self.id.to_string(),
            started_event_id: started.0,
            workflow_task_completed_event_id: completing.completed.0,
            identity: completing.identity.clone(),
        };
        run.record(out.now, Attributes::TimerCanceledEventAttributes(event))
    }
}

//! `StartTimer`: records the timer.

use std::time::Duration;

use durably_proto::api::command::v1::StartTimerCommandAttributes;
use durably_proto::api::enums::v1::WorkflowTaskFailedCause as Cause;
use durably_proto::api::history::v1::TimerStartedEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::command::Completion;
use crate::command::bad_command::{BadCommand, invalid_state};
use crate::command::plan::Plan;
use crate::id::{EventId, TimerId};
use crate::limits;
use crate::open_transition::OpenTransition;
use crate::pending::timers::Timer;
use crate::state::Run;
use crate::time::{is_negative, timeout_from_proto, to_proto};

pub(crate) struct StartTimer {
    id: TimerId,
    after: Duration,
}

pub(crate) fn read(attributes: StartTimerCommandAttributes) -> Result<StartTimer, BadCommand> {
    const CAUSE: Cause = Cause::BadStartTimerAttributes;
    let id = attributes.timer_id;
    if id.is_empty() {
        return Err(BadCommand::new(
            CAUSE,
            "TimerId is not set on StartTimerCommand.".to_owned(),
        ));
    }
    if id.len() > limits::ID {
        let message = format!(
            "TimerId on StartTimerCommand exceeds length limit. TimerId={id} Length={} Limit={}",
            id.len(),
            limits::ID
        );
        return Err(BadCommand::new(CAUSE, message));
    }
    if is_negative(attributes.start_to_fire_timeout.as_ref()) {
        let message = format!(
            "An invalid StartToFireTimeout is set on StartTimerCommand: negative duration. TimerId={id}"
        );
        return Err(BadCommand::new(CAUSE, message));
    }
    let after = timeout_from_proto(attributes.start_to_fire_timeout.as_ref()).unwrap_or_default();
    Ok(StartTimer {
        id: TimerId::from(id),
        after,
    })
}

impl StartTimer {
    pub(crate) fn check(&self, plan: &mut Plan<'_>) -> Result<(), BadCommand> {
        if plan.has_timer(&self.id) {
            let message = invalid_state("add-timer-started-event", "TimerID", &self.id);
            return Err(BadCommand::new(Cause::StartTimerDuplicateId, message));
        }
        plan.timers.insert(self.id.clone(), true);
        Ok(())
    }

    pub(crate) fn apply(
        self,
        run: &mut Run,
        completing: &Completion,
        out: &mut OpenTransition,
    ) -> EventId {
        let event = TimerStartedEventAttributes {
            timer_id: self.id.to_string(),
            start_to_fire_timeout: Some(to_proto(self.after)),
            workflow_task_completed_event_id: completing.completed.0,
        };
        let started = run.record(out.now, Attributes::TimerStartedEventAttributes(event));
        let fires_at = out.now + self.after;
        run.timers.start(self.id, Timer { started, fires_at });
        started
    }
}

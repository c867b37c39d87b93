//! `RequestCancelActivityTask`: records the request, which the activity receives with its next
//! heartbeat; an activity that no worker has is cancelled at once.

use durably_proto::api::command::v1::RequestCancelActivityTaskCommandAttributes;
use durably_proto::api::enums::v1::WorkflowTaskFailedCause as Cause;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::history::v1::{
    ActivityTaskCancelRequestedEventAttributes, ActivityTaskCanceledEventAttributes,
};

use crate::command::Completion;
use crate::command::bad_command::{BadCommand, invalid_state};
use crate::command::plan::Plan;
use crate::failure;
use crate::id::EventId;
use crate::open_transition::OpenTransition;
use crate::state::Run;

pub(crate) struct CancelActivity {
    scheduled: EventId,
}

pub(crate) fn read(
    attributes: &RequestCancelActivityTaskCommandAttributes,
) -> Result<CancelActivity, BadCommand> {
    if attributes.scheduled_event_id <= 0 {
        let message = "ScheduledEventId is not set on RequestCancelActivityTaskCommand.".to_owned();
        return Err(BadCommand::new(CAUSE, message));
    }
    Ok(CancelActivity {
        scheduled: EventId(attributes.scheduled_event_id),
    })
}

impl CancelActivity {
    pub(crate) fn check(&self, plan: &mut Plan<'_>) -> Result<(), BadCommand> {
        if plan.activities.cancel(self.scheduled) {
            return Ok(());
        }
        let action = "add-activitytask-cancel-requested-event";
        let message = invalid_state(action, "ScheduledEventID", &self.scheduled);
        Err(BadCommand::new(CAUSE, message))
    }

    pub(crate) fn apply(
        self,
        run: &mut Run,
        completing: &mut Completion,
        out: &mut OpenTransition,
    ) -> EventId {
        let event = ActivityTaskCancelRequestedEventAttributes {
            scheduled_event_id: self.scheduled.0,
            workflow_task_completed_event_id: completing.completed.0,
        };
        let requested = run.record(
            out.now,
            Attributes::ActivityTaskCancelRequestedEventAttributes(event),
        );
        let Some(activity) = run.activities.get(self.scheduled) else {
            return requested;
        };
        if activity.is_started() {
            run.activities.request_cancel(self.scheduled, requested);
        } else {
            run.activities.remove(self.scheduled);
            let event = ActivityTaskCanceledEventAttributes {
                details: Some(failure::json_text("ACTIVITY_ID_NOT_STARTED")),
                latest_cancel_requested_event_id: requested.0,
                scheduled_event_id: self.scheduled.0,
                identity: completing.identity.clone(),
                ..Default::default()
            };
            run.buffer(
                out.now,
                Attributes::ActivityTaskCanceledEventAttributes(event),
            );
            completing.wants_task = true;
        }
        requested
    }
}

const CAUSE: Cause = Cause::BadRequestCancelActivityAttributes;

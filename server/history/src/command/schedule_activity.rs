//! `ScheduleActivityTask`: records the activity and dispatches its first attempt.

use std::time::Duration;

use durably_proto::Message;
use durably_proto::api::command::v1::ScheduleActivityTaskCommandAttributes;
use durably_proto::api::common::v1::RetryPolicy as RetryPolicyMessage;
use durably_proto::api::enums::v1::WorkflowTaskFailedCause as Cause;
use durably_proto::api::history::v1::ActivityTaskScheduledEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::wkt;

use crate::command::Completion;
use crate::command::bad_command::{BadCommand, invalid_state};
use crate::command::plan::Plan;
use crate::id::{ActivityId, EventId};
use crate::open_transition::OpenTransition;
use crate::pending::activities::{Activity, ActivityTimeouts};
use crate::retry::RetryPolicy;
use crate::state::Run;
use crate::task::activity_task;
use crate::time::{is_negative, timeout_from_proto, timeout_to_proto};
use crate::{limits, priority, queue};

pub(crate) struct ScheduleActivity {
    id: ActivityId,
    timeouts: ActivityTimeouts,
    retry: RetryPolicy,
    attributes: ScheduleActivityTaskCommandAttributes,
}

pub(crate) fn read(
    attributes: ScheduleActivityTaskCommandAttributes,
    run: &Run,
) -> Result<ScheduleActivity, BadCommand> {
    let kind = attributes
        .activity_type
        .as_ref()
        .map_or("", |kind| kind.name.as_str());
    let id = attributes.activity_id.as_str();
    if id.is_empty() {
        return Err(bad("activityId is not set".to_owned()));
    }
    if kind.is_empty() {
        return Err(bad("activityType is not set".to_owned()));
    }
    for (field, value) in [("activityId", id), ("activityType", kind)] {
        if value.len() > limits::ID {
            return Err(bad(format!(
                "{field} exceeds length limit. Length={} Limit={}",
                value.len(),
                limits::ID
            )));
        }
    }
    queue::check_users(attributes.task_queue.as_ref()).map_err(|invalid| bad(invalid.0))?;
    priority::check(attributes.priority.as_ref())
        .map_err(|invalid| bad(format!("invalid priorities: {}", invalid.0)))?;
    let no_policy = RetryPolicyMessage::default();
    let retry = RetryPolicy::from_proto(attributes.retry_policy.as_ref().unwrap_or(&no_policy))
        .map_err(|invalid| bad(invalid.0))?;
    let timeouts = timeouts(&attributes, run.config.timeouts.run)?;
    if attributes.input.as_ref().map_or(0, Message::encoded_len) > limits::BLOB {
        let message = "ScheduleActivityTaskCommandAttributes.Input exceeds size limit.";
        return Err(BadCommand::too_large(CAUSE, message));
    }
    Ok(ScheduleActivity {
        id: ActivityId::from(id),
        timeouts,
        retry,
        attributes,
    })
}

/// Fills in and clamps the timeouts: none is longer than the one that includes it.
fn timeouts(
    attributes: &ScheduleActivityTaskCommandAttributes,
    run: Option<Duration>,
) -> Result<ActivityTimeouts, BadCommand> {
    let read = |duration: Option<&wkt::Duration>, name: &str| {
        if is_negative(duration) {
            return Err(bad(format!(
                "Invalid {name}: negative duration. ActivityID={}",
                attributes.activity_id
            )));
        }
        Ok(timeout_from_proto(duration))
    };
    let schedule_to_close = read(
        attributes.schedule_to_close_timeout.as_ref(),
        "ScheduleToCloseTimeout",
    )?;
    let schedule_to_start = read(
        attributes.schedule_to_start_timeout.as_ref(),
        "ScheduleToStartTimeout",
    )?;
    let start_to_close = read(
        attributes.start_to_close_timeout.as_ref(),
        "StartToCloseTimeout",
    )?;
    let heartbeat = read(attributes.heartbeat_timeout.as_ref(), "HeartbeatTimeout")?;
    let timeouts = ActivityTimeouts {
        schedule_to_close,
        schedule_to_start,
        start_to_close,
        heartbeat,
    };
    timeouts.completed(run).ok_or_else(|| {
        bad(format!(
            "A valid StartToClose or ScheduleToCloseTimeout is not set on command. ActivityID={}",
            attributes.activity_id
        ))
    })
}

impl ScheduleActivity {
    pub(crate) fn check(&self, plan: &mut Plan<'_>) -> Result<(), BadCommand> {
        if plan.activities.contains(&self.id) {
            let message = invalid_state("add-activitytask-scheduled-event", "ActivityID", &self.id);
            return Err(BadCommand::new(Cause::ScheduleActivityDuplicateId, message));
        }
        let pending = plan.activities.pending();
        if pending >= limits::PENDING_ACTIVITIES {
            let message = format!(
                "the number of pending activities, {pending}, has reached the per-workflow limit of {}",
                limits::PENDING_ACTIVITIES
            );
            return Err(BadCommand::new(
                Cause::PendingActivitiesLimitExceeded,
                message,
            ));
        }
        plan.activities.schedule(self.id.clone(), plan.next_event);
        Ok(())
    }

    pub(crate) fn apply(
        self,
        run: &mut Run,
        completing: &mut Completion,
        out: &mut OpenTransition,
    ) -> EventId {
        let attributes = self.attributes;
        let queue = attributes
            .task_queue
            .map(|queue| queue.name)
            .unwrap_or_default();
        let priority = attributes.priority.clone();
        let event = ActivityTaskScheduledEventAttributes {
            activity_id: attributes.activity_id,
            activity_type: attributes.activity_type,
            task_queue: Some(queue::normal(&queue)),
            header: attributes.header,
            input: attributes.input,
            schedule_to_close_timeout: Some(timeout_to_proto(self.timeouts.schedule_to_close)),
            schedule_to_start_timeout: Some(timeout_to_proto(self.timeouts.schedule_to_start)),
            start_to_close_timeout: Some(timeout_to_proto(self.timeouts.start_to_close)),
            heartbeat_timeout: Some(timeout_to_proto(self.timeouts.heartbeat)),
            workflow_task_completed_event_id: completing.completed.0,
            retry_policy: Some(self.retry.to_proto()),
            priority: attributes.priority,
            ..Default::default()
        };
        #[expect(deprecated, reason = "histories still show it")]
        let event = ActivityTaskScheduledEventAttributes {
            use_workflow_build_id: attributes.use_workflow_build_id,
            ..event
        };
        let scheduled = run.record(
            out.now,
            Attributes::ActivityTaskScheduledEventAttributes(event),
        );
        run.activities.schedule(Activity::new(
            self.id,
            scheduled,
            out.now,
            queue.into(),
            priority,
            self.timeouts,
            self.retry,
        ));
        if attributes.request_eager_execution {
            completing.eager.push(scheduled);
        } else {
            activity_task::offer(run, scheduled, out);
        }
        scheduled
    }
}

fn bad(message: String) -> BadCommand {
    BadCommand::new(CAUSE, message)
}

const CAUSE: Cause = Cause::BadScheduleActivityAttributes;

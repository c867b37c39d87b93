//! The deadline of an activity: a timeout, or its next attempt.

use durably_proto::api::enums::v1::{RetryState, TimeoutType};
use durably_proto::api::failure::v1::failure::FailureInfo;
use durably_proto::api::history::v1::ActivityTaskTimedOutEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::failure;
use crate::id::EventId;
use crate::open_transition::OpenTransition;
use crate::pending::activities::ActivityState;
use crate::rejection::Rejection;
use crate::state::Run;
use crate::task::activity_task;

/// Applies the due timeout or retry.
pub(crate) fn fire(
    scheduled: EventId,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<(), Rejection> {
    let activity = run.activities.get(scheduled);
    let activity = activity.ok_or(Rejection::StaleDeadline)?;
    if let Some(kind) = activity.expired(out.now) {
        time_out(run, scheduled, kind, out);
        return Ok(());
    }
    match activity.state {
        ActivityState::Backoff { until } if until <= out.now => {
            run.activities.end_backoff(scheduled, out.now);
            activity_task::offer(run, scheduled, out);
            Ok(())
        }
        ActivityState::Backoff { .. } | ActivityState::Waiting | ActivityState::Started { .. } => {
            Err(Rejection::StaleDeadline)
        }
    }
}

/// Retries the activity, or records its timeout.
fn time_out(run: &mut Run, scheduled: EventId, kind: TimeoutType, out: &mut OpenTransition) {
    let mut failure = failure::activity_timeout(kind);
    let retry_state = activity_task::retry(run, scheduled, &failure, out);
    if retry_state == RetryState::InProgress {
        return;
    }
    if retry_state == RetryState::Timeout && kind != TimeoutType::ScheduleToStart {
        failure = failure::timeout(TimeoutType::ScheduleToClose, OUT_OF_TIME.to_owned());
    }
    let activity = activity_task::pending(run, scheduled);
    if let Some(FailureInfo::TimeoutFailureInfo(info)) = &mut failure.failure_info {
        info.last_heartbeat_details
            .clone_from(&activity.heartbeat_details);
    }
    failure.cause = activity.last_failure.clone().map(Box::new);
    activity_task::buffer_started(run, scheduled, None);
    run.activities.remove(scheduled);
    let event = ActivityTaskTimedOutEventAttributes {
        failure: Some(failure),
        scheduled_event_id: scheduled.0,
        started_event_id: EventId::NONE.0,
        retry_state: retry_state.into(),
    };
    run.buffer(
        out.now,
        Attributes::ActivityTaskTimedOutEventAttributes(event),
    );
    run.ensure_workflow_task(out);
}

const OUT_OF_TIME: &str = "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying";

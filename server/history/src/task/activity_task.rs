//! Activity attempts: dispatch, start, retry and timeouts.

use durably_proto::api::common::v1::WorkerVersionStamp;
use durably_proto::api::enums::v1::{RetryState, TimeoutType};
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::failure::v1::failure::FailureInfo;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::history::v1::{
    ActivityTaskScheduledEventAttributes, ActivityTaskStartedEventAttributes,
};

use crate::id::{EventId, RequestId};
use crate::input::{ActivityTaskToken, StartActivity};
use crate::open_transition::OpenTransition;
use crate::pending::activities::{Activity, ActivityState};
use crate::rejection::{Rejection, TaskNotFound};
use crate::retry::{RequestedDelay, RetryDecision};
use crate::state::{Run, WorkflowTask};
use crate::task::workflow_task;
use crate::transition::{Reply, StartedActivity};
use crate::versioning::DeploymentVersion;
use crate::{failure, limits, priority};

/// Dispatches the activity's attempt to its queue.
pub(crate) fn offer(run: &Run, scheduled: EventId, out: &mut OpenTransition) {
    out.effect(pending(run, scheduled).offer());
}

/// Dispatches the attempts that wait in queues to the workers to which they belong now. Their earlier
/// offers name a route that does not hold any more, so they become stale.
pub(crate) fn offer_anew(run: &mut Run, out: &mut OpenTransition) {
    run.activities.renew_offers();
    for offer in run.activity_offers() {
        out.effect(offer);
    }
}

/// Starts the attempt for the poll that took it.
pub(crate) fn start(
    start: StartActivity,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    let key = start.task_key;
    let activity = run
        .activities
        .get(key.scheduled)
        .filter(|activity| (activity.attempt, activity.stamp) == (key.attempt, key.stamp))
        .filter(|activity| activity.is_started() || activity.pause.is_none())
        .ok_or(Rejection::TaskNotFound(TaskNotFound::Activity))?;
    match &activity.state {
        ActivityState::Waiting => {}
        ActivityState::Started { request_id, .. } if *request_id == start.request_id => {
            let started = started(run, key.scheduled);
            return Ok(Reply::Activity(Box::new(started)));
        }
        ActivityState::Started { .. } => return Err(Rejection::TaskAlreadyStarted),
        ActivityState::Backoff { .. } => {
            return Err(Rejection::TaskNotFound(TaskNotFound::Activity));
        }
    }
    let versioning = &mut run.versioning;
    if versioning.transition.is_some() {
        // It is offered again once the workflow has moved.
        return Err(Rejection::TaskNotFound(TaskNotFound::Activity));
    }
    let polled_by = &start.polled_by;
    let moves = !versioning.is_pinned() && polled_by.version == polled_by.target.version;
    if moves && versioning.begin_transition(polled_by) {
        run.sticky = None;
        match &run.task {
            WorkflowTask::Scheduled(_) => workflow_task::redispatch(run, out),
            WorkflowTask::Idle | WorkflowTask::Started(_) => run.ensure_workflow_task(out),
        }
        return Ok(Reply::Done);
    }
    let started = start_attempt(
        run,
        key.scheduled,
        start.request_id,
        start.identity,
        start.polled_by.version,
        out,
    );
    Ok(Reply::Activity(Box::new(started)))
}

/// Marks the attempt as started and builds the task.
pub(crate) fn start_attempt(
    run: &mut Run,
    scheduled: EventId,
    request_id: RequestId,
    identity: String,
    version: Option<DeploymentVersion>,
    out: &mut OpenTransition,
) -> StartedActivity {
    run.activities
        .start_attempt(scheduled, out.now, request_id, identity, version);
    started(run, scheduled)
}

/// Marks the first attempt as started and builds its task for the worker that completes the workflow task.
///
/// Such a task has the priority that the command sets: only tasks of a queue also have that of the workflow.
/// The real server does not record the version of its worker.
pub(crate) fn start_eagerly(
    run: &mut Run,
    scheduled: EventId,
    request_id: RequestId,
    identity: String,
    out: &mut OpenTransition,
) -> StartedActivity {
    let started = start_attempt(run, scheduled, request_id, identity, None, out);
    StartedActivity {
        priority: scheduled_attributes(run, scheduled).priority.clone(),
        ..started
    }
}

fn started(run: &Run, scheduled: EventId) -> StartedActivity {
    let activity = pending(run, scheduled);
    let event = scheduled_attributes(run, scheduled);
    StartedActivity {
        token: ActivityTaskToken {
            scheduled,
            attempt: activity.attempt,
        },
        activity_id: activity.id.clone(),
        activity_type: event.activity_type.clone(),
        header: event.header.clone(),
        input: event.input.clone(),
        heartbeat_details: activity.heartbeat_details.clone(),
        scheduled_at: activity.scheduled_at,
        attempt_scheduled_at: activity.attempt_at,
        started_at: activity.last_started_at.unwrap_or(activity.attempt_at),
        schedule_to_close_timeout: event.schedule_to_close_timeout,
        start_to_close_timeout: event.start_to_close_timeout,
        heartbeat_timeout: event.heartbeat_timeout,
        retry_policy: Some(activity.retry.to_proto()),
        priority: priority::merged(run.own_priority(), activity.priority.as_ref()),
    }
}

/// Schedules the next attempt if the retry policy allows it; returns the retry state.
pub(crate) fn retry(
    run: &mut Run,
    scheduled: EventId,
    failure: &Failure,
    out: &mut OpenTransition,
) -> RetryState {
    let activity = pending(run, scheduled);
    if activity.cancel_requested.is_some() {
        return RetryState::CancelRequested;
    }
    if is_final_timeout(failure) {
        return RetryState::Timeout;
    }
    if activity.pause.is_some() {
        if !activity.retry.is_retryable(failure) {
            return RetryState::NonRetryableFailure;
        }
        // As on the real server neither the number of attempts nor the time limits what a pause interrupts.
        let failure = failure::truncate(failure.clone(), limits::RETRIED_FAILURE);
        run.activities.hold(scheduled, out.now, failure);
        return RetryState::InProgress;
    }
    match activity.retry.next(
        activity.attempt,
        Some(failure),
        out.now,
        activity.expires_at,
        RequestedDelay::Unlimited,
    ) {
        RetryDecision::No(reason) => reason,
        RetryDecision::After(interval) => {
            let failure = failure::truncate(failure.clone(), limits::RETRIED_FAILURE);
            run.activities
                .back_off(scheduled, out.now, interval, failure);
            RetryState::InProgress
        }
    }
}

/// Whether the failure is a timeout that is never retried: no worker took the task, or the
/// schedule-to-close timeout expired.
fn is_final_timeout(failure: &Failure) -> bool {
    let Some(FailureInfo::TimeoutFailureInfo(info)) = &failure.failure_info else {
        return false;
    };
    matches!(
        info.timeout_type(),
        TimeoutType::ScheduleToStart | TimeoutType::ScheduleToClose
    )
}

/// Buffers the `ActivityTaskStarted` of an attempt that is about to close. It is recorded only now,
/// because attempts that are retried record nothing.
pub(crate) fn buffer_started(
    run: &mut Run,
    scheduled: EventId,
    worker_version: Option<WorkerVersionStamp>,
) {
    let activity = pending(run, scheduled);
    let ActivityState::Started {
        at,
        request_id,
        identity,
    } = &activity.state
    else {
        return;
    };
    let at = *at;
    let event = ActivityTaskStartedEventAttributes {
        scheduled_event_id: scheduled.0,
        identity: identity.clone(),
        request_id: request_id.to_string(),
        attempt: i32::try_from(activity.attempt).unwrap_or(i32::MAX),
        last_failure: activity.last_failure.clone(),
        ..Default::default()
    };
    #[expect(deprecated, reason = "histories still show it")]
    let event = ActivityTaskStartedEventAttributes {
        worker_version,
        ..event
    };
    run.buffer(at, Attributes::ActivityTaskStartedEventAttributes(event));
}

/// An activity that the caller has seen.
pub(crate) fn pending(run: &Run, scheduled: EventId) -> &Activity {
    let activity = run.activities.get(scheduled);
    activity.expect("the caller has seen the activity")
}

/// The name of the activity's type.
pub(crate) fn type_name(run: &Run, scheduled: EventId) -> String {
    let kind = scheduled_attributes(run, scheduled).activity_type;
    kind.unwrap_or_default().name
}

/// The attributes of the activity's scheduled event.
pub(crate) fn scheduled_attributes(
    run: &Run,
    scheduled: EventId,
) -> ActivityTaskScheduledEventAttributes {
    let place = usize::try_from(scheduled.0 - 1).expect("an event id");
    match run.events.get(place).and_then(|it| it.attributes) {
        Some(Attributes::ActivityTaskScheduledEventAttributes(event)) => event,
        other => unreachable!("event {scheduled} scheduled an activity, but is {other:?}"),
    }
}

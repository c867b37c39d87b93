//! Reports about activities: heartbeat, completion, failure, cancellation.

use durably_proto::Message;
use durably_proto::api::enums::v1::RetryState;
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::history::v1::{
    ActivityTaskCanceledEventAttributes, ActivityTaskCompletedEventAttributes,
    ActivityTaskFailedEventAttributes,
};

use crate::id::{EventId, RequestId};
use crate::input::{ActivityRef, CancelActivity, CompleteActivity, FailActivity, Heartbeat};
use crate::open_transition::OpenTransition;
use crate::rejection::{Invalid, Rejection, TaskNotFound};
use crate::state::Run;
use crate::task::activity_task;
use crate::transition::{HeartbeatReply, Reply};
use crate::{failure, limits};

/// Records a heartbeat.
pub(crate) fn heartbeat(
    heartbeat: Heartbeat,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    let scheduled = running(run, &heartbeat.activity)?;
    if size(heartbeat.details.as_ref()) > limits::BLOB {
        let failure = failure::too_large("Heartbeat details exceed size limit.", None);
        close_failed(run, scheduled, failure, heartbeat.identity, None, out);
        return Ok(Reply::Heartbeat(HeartbeatReply {
            cancel_requested: true,
            ..HeartbeatReply::default()
        }));
    }
    run.activities
        .heartbeat(scheduled, out.now, heartbeat.details);
    let activity = activity_task::pending(run, scheduled);
    Ok(Reply::Heartbeat(HeartbeatReply {
        cancel_requested: activity.cancel_requested.is_some(),
        paused: activity.pause.is_some(),
        reset: activity.reset.is_some(),
    }))
}

/// Records a completion.
pub(crate) fn complete(
    complete: CompleteActivity,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    let scheduled = reported(run, &complete.activity)?;
    force_start(run, scheduled, &complete.identity, out);
    if size(complete.result.as_ref()) > limits::BLOB {
        let failure = failure::too_large("Complete result exceeds size limit.", None);
        close_failed(
            run,
            scheduled,
            failure,
            complete.identity,
            complete.worker_version,
            out,
        );
        return Ok(Reply::Done);
    }
    activity_task::buffer_started(run, scheduled, complete.worker_version);
    run.activities.remove(scheduled);
    let event = ActivityTaskCompletedEventAttributes {
        result: complete.result,
        scheduled_event_id: scheduled.0,
        identity: complete.identity,
        ..Default::default()
    };
    run.buffer(
        out.now,
        Attributes::ActivityTaskCompletedEventAttributes(event),
    );
    run.ensure_workflow_task(out);
    Ok(Reply::Done)
}

/// Records the failure of an attempt; retries the activity if its policy allows it.
pub(crate) fn fail(
    fail: FailActivity,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    let scheduled = running(run, &fail.activity)?;
    if let Some(details) = fail.last_heartbeat_details {
        run.activities.heartbeat(scheduled, out.now, Some(details));
    }
    let failure = match fail.failure {
        Some(failure) if failure.encoded_len() > limits::BLOB => {
            failure::too_large("Failure exceeds size limit.", Some(failure))
        }
        Some(failure) => failure,
        None => Failure::default(),
    };
    close_failed(
        run,
        scheduled,
        failure,
        fail.identity,
        fail.worker_version,
        out,
    );
    Ok(Reply::Done)
}

/// Records that the activity accepted its cancellation.
pub(crate) fn cancel(
    cancel: CancelActivity,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    let scheduled = running(run, &cancel.activity)?;
    if size(cancel.details.as_ref()) > limits::BLOB {
        let failure = failure::too_large("Cancel details exceed size limit.", None);
        close_failed(
            run,
            scheduled,
            failure,
            cancel.identity,
            cancel.worker_version,
            out,
        );
        return Ok(Reply::Done);
    }
    let Some(requested) = activity_task::pending(run, scheduled).cancel_requested else {
        return Err(Rejection::Invalid(Invalid(
            "unable to mark activity as canceled without activity being request canceled first"
                .to_owned(),
        )));
    };
    activity_task::buffer_started(run, scheduled, cancel.worker_version);
    run.activities.remove(scheduled);
    let event = ActivityTaskCanceledEventAttributes {
        details: cancel.details,
        latest_cancel_requested_event_id: requested.0,
        scheduled_event_id: scheduled.0,
        identity: cancel.identity,
        ..Default::default()
    };
    run.buffer(
        out.now,
        Attributes::ActivityTaskCanceledEventAttributes(event),
    );
    run.ensure_workflow_task(out);
    Ok(Reply::Done)
}

/// Retries the activity, or records its failure.
fn close_failed(
    run: &mut Run,
    scheduled: EventId,
    failure: Failure,
    identity: String,
    worker_version: Option<durably_proto::api::common::v1::WorkerVersionStamp>,
    out: &mut OpenTransition,
) {
    let retry_state = activity_task::retry(run, scheduled, &failure, out);
    if retry_state == RetryState::InProgress {
        return;
    }
    activity_task::buffer_started(run, scheduled, worker_version);
    run.activities.remove(scheduled);
    let event = ActivityTaskFailedEventAttributes {
        failure: Some(failure),
        scheduled_event_id: scheduled.0,
        identity,
        retry_state: retry_state.into(),
        ..Default::default()
    };
    run.buffer(
        out.now,
        Attributes::ActivityTaskFailedEventAttributes(event),
    );
    run.ensure_workflow_task(out);
}

/// Finds the reported activity if its attempt is started: one that no worker has can be completed by its id, and
/// nothing else.
fn running(run: &Run, activity: &ActivityRef) -> Result<EventId, Rejection> {
    let scheduled = reported(run, activity)?;
    match activity_task::pending(run, scheduled).is_started() {
        true => Ok(scheduled),
        false => Err(Rejection::TaskNotFound(TaskNotFound::Activity)),
    }
}

/// Finds the reported activity: by token the started attempt only, by id any.
fn reported(run: &Run, activity: &ActivityRef) -> Result<EventId, Rejection> {
    let found = match activity {
        ActivityRef::Token(task_key) => run
            .activities
            .get(task_key.scheduled)
            .filter(|pending| pending.attempt == task_key.attempt && pending.is_started())
            .map(|pending| pending.scheduled),
        ActivityRef::Id(id) => run.activities.event_of(id),
    };
    found.ok_or_else(|| not_found(activity))
}

/// Starts an activity that is completed by id before any worker took it; the history needs a started
/// event.
fn force_start(run: &mut Run, scheduled: EventId, identity: &str, out: &mut OpenTransition) {
    if !activity_task::pending(run, scheduled).is_started() {
        activity_task::start_attempt(
            run,
            scheduled,
            RequestId::default(),
            identity.to_owned(),
            None,
            out,
        );
    }
}

fn not_found(activity: &ActivityRef) -> Rejection {
    Rejection::TaskNotFound(match activity {
        ActivityRef::Token(_) => TaskNotFound::Activity,
        ActivityRef::Id(id) => TaskNotFound::ActivityId(id.clone()),
    })
}

fn size(payloads: Option<&durably_proto::api::common::v1::Payloads>) -> usize {
    payloads.map_or(0, Message::encoded_len)
}

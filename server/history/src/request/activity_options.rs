//! Changes the options of activities. The attempt with a worker has its timeouts at once; if no worker has the
//! attempt, it is scheduled anew.

use std::collections::BTreeSet;
use std::sync::Arc;

use durably_proto::api::activity::v1::ActivityOptions;
use durably_proto::api::common::v1::{Priority, RetryPolicy as RetryPolicyMessage};
use durably_proto::api::taskqueue::v1::TaskQueue;

use crate::id::EventId;
use crate::input::{OptionsChange, UpdateActivityOptions};
use crate::open_transition::OpenTransition;
use crate::pending::activities::{Activity, ActivityTimeouts, Options};
use crate::rejection::{Invalid, Rejection};
use crate::request::selected_activities::{self, schedule_attempt};
use crate::retry::RetryPolicy;
use crate::state::Run;
use crate::task::activity_task;
use crate::time::{Time, check_duration, timeout_from_proto, timeout_to_proto};
use crate::transition::Reply;
use crate::{field_mask, queue, retry};

/// Changes the options of the selected activities; replies with those of the last one.
pub(crate) fn apply(
    request: UpdateActivityOptions,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    let changes = match &request.change {
        OptionsChange::Replace { options, mask } => {
            let options = options.as_deref();
            let options = options.ok_or_else(|| invalid("ActivityOptions are not provided"))?;
            let found = selected_activities::find(run, &request.selected)?;
            let mask = mask.as_ref();
            let mask = mask.ok_or_else(|| invalid("UpdateMask is not provided"))?;
            let fields = field_mask::paths(mask);
            let replace = |scheduled| {
                let (shown, new) = replaced(run, scheduled, options, &fields)?;
                Ok((scheduled, shown, new))
            };
            let changes = found.into_iter().map(replace);
            changes.collect::<Result<Vec<_>, Rejection>>()?
        }
        OptionsChange::Restore => {
            let found = selected_activities::find(run, &request.selected)?;
            let restore = |scheduled| {
                let shown = scheduled_options(run, scheduled);
                (scheduled, shown, original(run, scheduled))
            };
            found.into_iter().map(restore).collect()
        }
    };
    let mut last = ActivityOptions::default();
    for (scheduled, shown, options) in changes {
        run.activities.set_options(scheduled, options);
        let at = next_attempt_at(activity_task::pending(run, scheduled));
        schedule_attempt(run, scheduled, at, out);
        last = shown;
    }
    Ok(Reply::ActivityOptions(Box::new(last)))
}

/// The options with which the activity was scheduled.
pub(super) fn original(run: &Run, scheduled: EventId) -> Options {
    let original = scheduled_options(run, scheduled);
    let retry = original.retry_policy.unwrap_or_default();
    Options {
        queue: queue_name(original.task_queue.as_ref()),
        timeouts: ActivityTimeouts {
            schedule_to_close: timeout_from_proto(original.schedule_to_close_timeout.as_ref()),
            schedule_to_start: timeout_from_proto(original.schedule_to_start_timeout.as_ref()),
            start_to_close: timeout_from_proto(original.start_to_close_timeout.as_ref()),
            heartbeat: timeout_from_proto(original.heartbeat_timeout.as_ref()),
        },
        priority: original.priority,
        retry: RetryPolicy::as_given(&retry),
    }
}

/// What the event that scheduled the activity says, as the response to a restoration shows it.
fn scheduled_options(run: &Run, scheduled: EventId) -> ActivityOptions {
    let event = activity_task::scheduled_attributes(run, scheduled);
    ActivityOptions {
        task_queue: event.task_queue.map(|queue| TaskQueue {
            name: queue.name,
            ..TaskQueue::default()
        }),
        schedule_to_close_timeout: event.schedule_to_close_timeout,
        schedule_to_start_timeout: event.schedule_to_start_timeout,
        start_to_close_timeout: event.start_to_close_timeout,
        heartbeat_timeout: event.heartbeat_timeout,
        retry_policy: event.retry_policy,
        priority: event.priority,
        ..ActivityOptions::default()
    }
}

/// The options of an activity with some fields replaced: as the response shows them, and as they are kept.
fn replaced(
    run: &Run,
    scheduled: EventId,
    given: &ActivityOptions,
    fields: &BTreeSet<String>,
) -> Result<(ActivityOptions, Options), Rejection> {
    let activity = activity_task::pending(run, scheduled);
    let mut merged = merged(activity, given, fields)?;
    let retry = merged.retry_policy.clone().unwrap_or_default();
    // A policy that is replaced as a whole is taken as it is, as on the real server.
    if fields.iter().any(|field| field.starts_with("retryPolicy.")) {
        retry::check(&retry)?;
    }
    queue::check_users(merged.task_queue.as_ref())?;
    let timeouts = timeouts(run, scheduled, &merged)?;
    merged.schedule_to_close_timeout = Some(timeout_to_proto(timeouts.schedule_to_close));
    merged.schedule_to_start_timeout = Some(timeout_to_proto(timeouts.schedule_to_start));
    merged.start_to_close_timeout = Some(timeout_to_proto(timeouts.start_to_close));
    merged.heartbeat_timeout = Some(timeout_to_proto(timeouts.heartbeat));
    let queue = queue_name(merged.task_queue.as_ref());
    merged.task_queue = Some(queue::normal(&queue));
    let options = Options {
        queue,
        priority: merged.priority.clone(),
        timeouts,
        // The types of errors that are not retried cannot be changed.
        retry: RetryPolicy::as_given(&RetryPolicyMessage {
            non_retryable_error_types: activity.retry.to_proto().non_retryable_error_types,
            ..retry
        }),
    };
    Ok((merged, options))
}

fn merged(
    activity: &Activity,
    given: &ActivityOptions,
    fields: &BTreeSet<String>,
) -> Result<ActivityOptions, Invalid> {
    let has = |field: &str| fields.contains(field);
    let mut merged = activity.options();
    if has("taskQueue.name") {
        let queue = given.task_queue.as_ref();
        let queue = queue.ok_or_else(|| missing("TaskQueue"))?;
        merged.task_queue = Some(queue::normal(&queue.name));
    }
    if has("scheduleToCloseTimeout") {
        merged.schedule_to_close_timeout = given.schedule_to_close_timeout;
    }
    if has("scheduleToStartTimeout") {
        merged.schedule_to_start_timeout = given.schedule_to_start_timeout;
    }
    if has("startToCloseTimeout") {
        merged.start_to_close_timeout = given.start_to_close_timeout;
    }
    if has("heartbeatTimeout") {
        merged.heartbeat_timeout = given.heartbeat_timeout;
    }
    if has("startDelay") {
        // Only activities without a workflow have one; the real server shows it all the same.
        merged.start_delay = given.start_delay;
    }
    merge_priority(&mut merged.priority, given.priority.as_ref(), fields)?;
    merge_retry(
        &mut merged.retry_policy,
        given.retry_policy.as_ref(),
        fields,
    )?;
    Ok(merged)
}

fn merge_priority(
    into: &mut Option<Priority>,
    given: Option<&Priority>,
    fields: &BTreeSet<String>,
) -> Result<(), Invalid> {
    if fields.contains("priority") {
        *into = given.cloned();
    }
    for field in fields {
        let set: fn(&mut Priority, &Priority) = match field.as_str() {
            "priority.priorityKey" => |into, given| into.priority_key = given.priority_key,
            "priority.fairnessKey" => {
                |into, given| into.fairness_key.clone_from(&given.fairness_key)
            }
            "priority.fairnessWeight" => |into, given| into.fairness_weight = given.fairness_weight,
            _ => continue,
        };
        let given = given.ok_or_else(|| missing("Priority"))?;
        set(into.get_or_insert_default(), given);
    }
    Ok(())
}

fn merge_retry(
    into: &mut Option<RetryPolicyMessage>,
    given: Option<&RetryPolicyMessage>,
    fields: &BTreeSet<String>,
) -> Result<(), Invalid> {
    let provided = || given.ok_or_else(|| missing("RetryPolicy"));
    if fields.contains("retryPolicy") {
        *into = Some(provided()?.clone());
    }
    for field in fields {
        let set: fn(&mut RetryPolicyMessage, &RetryPolicyMessage) = match field.as_str() {
            "retryPolicy.initialInterval" => {
                |into, given| into.initial_interval = given.initial_interval
            }
            "retryPolicy.backoffCoefficient" => {
                |into, given| into.backoff_coefficient = given.backoff_coefficient
            }
            "retryPolicy.maximumInterval" => {
                |into, given| into.maximum_interval = given.maximum_interval
            }
            "retryPolicy.maximumAttempts" => {
                |into, given| into.maximum_attempts = given.maximum_attempts
            }
            _ => continue,
        };
        set(into.get_or_insert_default(), provided()?);
    }
    Ok(())
}

/// Checks the timeouts; fills in and clamps them as at the schedule, but for the timeout of the run.
fn timeouts(
    run: &Run,
    scheduled: EventId,
    options: &ActivityOptions,
) -> Result<ActivityTimeouts, Invalid> {
    let read = |duration: &Option<_>, name: &str| {
        check_duration(duration.as_ref())
            .map_err(|why| Invalid(format!("invalid {name}: {why}")))?;
        Ok(timeout_from_proto(duration.as_ref()))
    };
    let timeouts = ActivityTimeouts {
        schedule_to_close: read(&options.schedule_to_close_timeout, "ScheduleToCloseTimeout")?,
        schedule_to_start: read(&options.schedule_to_start_timeout, "ScheduleToStartTimeout")?,
        start_to_close: read(&options.start_to_close_timeout, "StartToCloseTimeout")?,
        heartbeat: read(&options.heartbeat_timeout, "HeartbeatTimeout")?,
    };
    timeouts.completed(None).ok_or_else(|| {
        let activity = activity_task::pending(run, scheduled);
        Invalid(format!(
            "a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. \
             ActivityId={} ActivityType={}",
            activity.id,
            activity_task::type_name(run, scheduled),
        ))
    })
}

/// When the present attempt begins: the interval of the policy that holds now after the end of the last one.
fn next_attempt_at(activity: &Activity) -> Time {
    let interval = match activity.attempt {
        1 => None,
        attempt => activity.retry.interval_after(attempt),
    };
    match (interval, activity.last_ended_at) {
        (Some(interval), Some(ended_at)) => ended_at + interval,
        (_, _) => activity.attempt_at,
    }
}

fn queue_name(queue: Option<&TaskQueue>) -> Arc<str> {
    queue.map_or("", |queue| &queue.name).into()
}

fn missing(field: &str) -> Invalid {
    Invalid(format!("{field} is not provided"))
}

fn invalid(message: &str) -> Rejection {
    Rejection::Invalid(Invalid(message.to_owned()))
}

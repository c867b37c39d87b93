//! Timers, activities, updates and requests as parts.

use durably_proto::api::common::v1::{Payloads, Priority, RetryPolicy as RetryPolicyMessage};
use durably_proto::api::deployment::v1::WorkerDeploymentVersion;
use durably_proto::api::enums::v1::EventType;
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::update::v1::Request;
use durably_proto::wkt;

use crate::event_log::EventLog;
use crate::id::{EventId, Stamp, TimerId};
use crate::pending::activities::{
    Activity, ActivityState, ActivityTimeouts, Pause, RequestedReset,
};
use crate::pending::timers::Timer;
use crate::pending::updates::{Update, UpdateState};
use crate::retry::RetryPolicy;
use crate::snapshot::message::{
    Empty, counter, nanos, recorded, required, time, timeout, timeout_message,
};
use crate::time::Time;
use crate::versioning::DeploymentVersion;

/// Field numbers are stable.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct TimerMessage {
    #[prost(int64, tag = "1")]
    started: i64,
    #[prost(sfixed64, tag = "2")]
    fires_at: i64,
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ActivityMessage {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(sfixed64, tag = "2")]
    scheduled_at: i64,
    #[prost(string, tag = "3")]
    queue: String,
    /// Merged with that of the workflow, in activities without `current`; not written any more.
    #[prost(message, optional, tag = "4")]
    merged_priority: Option<Priority>,
    #[prost(message, optional, tag = "5")]
    schedule_to_close: Option<wkt::Duration>,
    #[prost(message, optional, tag = "6")]
    schedule_to_start: Option<wkt::Duration>,
    #[prost(message, optional, tag = "7")]
    start_to_close: Option<wkt::Duration>,
    #[prost(message, optional, tag = "8")]
    heartbeat: Option<wkt::Duration>,
    #[prost(message, optional, tag = "9")]
    retry: Option<RetryPolicyMessage>,
    #[prost(uint32, tag = "10")]
    attempt: u32,
    #[prost(sfixed64, tag = "11")]
    attempt_at: i64,
    #[prost(oneof = "ActivityStateMessage", tags = "12, 13, 14")]
    state: Option<ActivityStateMessage>,
    #[prost(message, optional, tag = "15")]
    last_failure: Option<Failure>,
    #[prost(sfixed64, optional, tag = "16")]
    last_ended_at: Option<i64>,
    #[prost(message, optional, tag = "17")]
    heartbeat_details: Option<Payloads>,
    #[prost(sfixed64, optional, tag = "18")]
    heartbeat_at: Option<i64>,
    #[prost(string, tag = "19")]
    last_worker: String,
    #[prost(sfixed64, optional, tag = "20")]
    last_started_at: Option<i64>,
    #[prost(int64, optional, tag = "21")]
    cancel_requested: Option<i64>,
    #[prost(uint64, tag = "22")]
    stamp: u64,
    #[prost(message, optional, tag = "23")]
    last_version: Option<WorkerDeploymentVersion>,
    /// None in activities of versions whose activities kept the options of their start.
    #[prost(message, optional, tag = "24")]
    current: Option<CurrentMessage>,
    #[prost(message, optional, tag = "25")]
    pause: Option<PauseMessage>,
    #[prost(message, optional, tag = "26")]
    reset: Option<ResetMessage>,
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
struct CurrentMessage {
    #[prost(message, optional, tag = "1")]
    priority: Option<Priority>,
    #[prost(sfixed64, optional, tag = "2")]
    expires_at: Option<i64>,
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
struct PauseMessage {
    #[prost(sfixed64, tag = "1")]
    at: i64,
    #[prost(string, tag = "2")]
    identity: String,
    #[prost(string, tag = "3")]
    reason: String,
    #[prost(string, tag = "4")]
    request_id: String,
}

/// Field numbers are stable.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct ResetMessage {
    #[prost(bool, tag = "1")]
    heartbeat: bool,
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Oneof)]
enum ActivityStateMessage {
    #[prost(message, tag = "12")]
    Waiting(Empty),
    /// Until this time.
    #[prost(sfixed64, tag = "13")]
    Backoff(i64),
    #[prost(message, tag = "14")]
    Started(AttemptMessage),
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
struct AttemptMessage {
    #[prost(sfixed64, tag = "1")]
    at: i64,
    #[prost(string, tag = "2")]
    request_id: String,
    #[prost(string, tag = "3")]
    identity: String,
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct UpdateMessage {
    #[prost(uint64, tag = "1")]
    order: u64,
    #[prost(oneof = "UpdateStateMessage", tags = "2, 3, 4, 5, 6, 7, 8")]
    state: Option<UpdateStateMessage>,
}

/// Field numbers are stable.
#[derive(Clone, PartialEq, prost::Oneof)]
enum UpdateStateMessage {
    #[prost(message, tag = "2")]
    Admitted(Box<Request>),
    #[prost(message, tag = "3")]
    Sent(Box<Request>),
    /// By this event.
    #[prost(int64, tag = "4")]
    Accepted(i64),
    /// By this event.
    #[prost(int64, tag = "5")]
    Completed(i64),
    #[prost(message, tag = "6")]
    FailedAtClose(Empty),
    /// By this event, which has the request.
    #[prost(int64, tag = "7")]
    Recorded(i64),
    /// As `Recorded`, and delivered.
    #[prost(int64, tag = "8")]
    RecordedSent(i64),
}

/// Field numbers are stable.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct RequestMessage {
    #[prost(int32, tag = "1")]
    event_type: i32,
    #[prost(int64, tag = "2")]
    event: i64,
}

impl From<&Timer> for TimerMessage {
    fn from(timer: &Timer) -> Self {
        Self {
            started: timer.started.0,
            fires_at: timer.fires_at.as_unix_nanos(),
        }
    }
}

impl TimerMessage {
    pub(super) fn restore(self, id: &TimerId, events: &EventLog) -> Result<Timer, String> {
        let started = recorded("its start", self.started, events)?;
        match attributes(events, started) {
            Some(Attributes::TimerStartedEventAttributes(event))
                if event.timer_id == id.as_str() =>
            {
                Ok(Timer {
                    started,
                    fires_at: Time::from_unix_nanos(self.fires_at),
                })
            }
            _ => Err(format!("event {started} did not start it")),
        }
    }
}

impl From<&Activity> for ActivityMessage {
    fn from(activity: &Activity) -> Self {
        let state = match &activity.state {
            ActivityState::Waiting => ActivityStateMessage::Waiting(Empty {}),
            ActivityState::Backoff { until } => {
                ActivityStateMessage::Backoff(until.as_unix_nanos())
            }
            ActivityState::Started {
                at,
                request_id,
                identity,
            } => ActivityStateMessage::Started(AttemptMessage {
                at: at.as_unix_nanos(),
                request_id: request_id.to_string(),
                identity: identity.clone(),
            }),
        };
        Self {
            id: activity.id.to_string(),
            scheduled_at: activity.scheduled_at.as_unix_nanos(),
            queue: activity.queue.to_string(),
            merged_priority: None,
            schedule_to_close: timeout_message(activity.timeouts.schedule_to_close),
            schedule_to_start: timeout_message(activity.timeouts.schedule_to_start),
            start_to_close: timeout_message(activity.timeouts.start_to_close),
            heartbeat: timeout_message(activity.timeouts.heartbeat),
            retry: Some(activity.retry.to_proto()),
            attempt: activity.attempt,
            attempt_at: activity.attempt_at.as_unix_nanos(),
            state: Some(state),
            last_failure: activity.last_failure.clone(),
            last_ended_at: nanos(activity.last_ended_at),
            heartbeat_details: activity.heartbeat_details.clone(),
            heartbeat_at: nanos(activity.heartbeat_at),
            last_worker: activity.last_worker.clone(),
            last_started_at: nanos(activity.last_started_at),
            cancel_requested: activity.cancel_requested.map(|event| event.0),
            stamp: activity.stamp.0,
            last_version: activity
                .last_version
                .as_ref()
                .map(DeploymentVersion::to_proto),
            current: Some(CurrentMessage {
                priority: activity.priority.clone(),
                expires_at: nanos(activity.expires_at),
            }),
            pause: activity.pause.as_ref().map(|pause| PauseMessage {
                at: pause.at.as_unix_nanos(),
                identity: pause.identity.clone(),
                reason: pause.reason.clone(),
                request_id: pause.request_id.to_string(),
            }),
            reset: activity.reset.map(|reset| ResetMessage {
                heartbeat: reset.heartbeat,
            }),
        }
    }
}

impl ActivityMessage {
    pub(super) fn restore(self, scheduled: EventId, events: &EventLog) -> Result<Activity, String> {
        let scheduled = recorded("its start", scheduled.0, events)?;
        let event = match attributes(events, scheduled) {
            Some(Attributes::ActivityTaskScheduledEventAttributes(event))
                if event.activity_id == self.id =>
            {
                event
            }
            _ => return Err(format!("event {scheduled} did not schedule it")),
        };
        let state = match required("state", self.state)? {
            ActivityStateMessage::Waiting(_) => ActivityState::Waiting,
            ActivityStateMessage::Backoff(until) => ActivityState::Backoff {
                until: Time::from_unix_nanos(until),
            },
            ActivityStateMessage::Started(attempt) => ActivityState::Started {
                at: Time::from_unix_nanos(attempt.at),
                request_id: attempt.request_id.into(),
                identity: attempt.identity,
            },
        };
        let retry = required("retry policy", self.retry)?;
        let cancel_requested = self
            .cancel_requested
            .map(|event| recorded("its cancel request", event, events));
        let scheduled_at = Time::from_unix_nanos(self.scheduled_at);
        let timeouts = ActivityTimeouts {
            schedule_to_close: timeout("schedule-to-close timeout", self.schedule_to_close)?,
            schedule_to_start: timeout("schedule-to-start timeout", self.schedule_to_start)?,
            start_to_close: timeout("start-to-close timeout", self.start_to_close)?,
            heartbeat: timeout("heartbeat timeout", self.heartbeat)?,
        };
        let current = self.current.unwrap_or_else(|| CurrentMessage {
            priority: event.priority,
            expires_at: nanos(timeouts.expires_at(scheduled_at)),
        });
        Ok(Activity {
            id: self.id.into(),
            scheduled,
            scheduled_at,
            expires_at: time(current.expires_at),
            queue: self.queue.into(),
            priority: current.priority,
            timeouts,
            retry: RetryPolicy::as_given(&retry),
            attempt: counter("the attempt", self.attempt, u32::MAX)?,
            attempt_at: Time::from_unix_nanos(self.attempt_at),
            state,
            last_failure: self.last_failure,
            last_ended_at: time(self.last_ended_at),
            heartbeat_details: self.heartbeat_details,
            heartbeat_at: time(self.heartbeat_at),
            last_worker: self.last_worker,
            last_started_at: time(self.last_started_at),
            cancel_requested: cancel_requested.transpose()?,
            stamp: Stamp(counter("the stamp of its offer", self.stamp, u64::MAX)?),
            last_version: DeploymentVersion::from_proto(self.last_version.as_ref()),
            pause: self.pause.map(|pause| Pause {
                at: Time::from_unix_nanos(pause.at),
                identity: pause.identity,
                reason: pause.reason,
                request_id: pause.request_id.into(),
            }),
            reset: self.reset.map(|reset| RequestedReset {
                heartbeat: reset.heartbeat,
            }),
        })
    }
}

impl From<&Update> for UpdateMessage {
    fn from(update: &Update) -> Self {
        let state = match &update.state {
            UpdateState::Admitted(request) => UpdateStateMessage::Admitted(request.clone()),
            UpdateState::Sent(request) => UpdateStateMessage::Sent(request.clone()),
            UpdateState::Recorded(event) => UpdateStateMessage::Recorded(event.0),
            UpdateState::RecordedSent(event) => UpdateStateMessage::RecordedSent(event.0),
            UpdateState::Accepted(event) => UpdateStateMessage::Accepted(event.0),
            UpdateState::Completed(event) => UpdateStateMessage::Completed(event.0),
            UpdateState::FailedAtClose => UpdateStateMessage::FailedAtClose(Empty {}),
        };
        Self {
            order: update.order,
            state: Some(state),
        }
    }
}

impl UpdateMessage {
    pub(super) fn restore(self, events: &EventLog) -> Result<Update, String> {
        let state = match required("state", self.state)? {
            UpdateStateMessage::Admitted(request) => UpdateState::Admitted(request),
            UpdateStateMessage::Sent(request) => UpdateState::Sent(request),
            UpdateStateMessage::Accepted(event) => {
                UpdateState::Accepted(recorded("its acceptance", event, events)?)
            }
            UpdateStateMessage::Completed(event) => {
                let event = recorded("its completion", event, events)?;
                if !matches!(
                    attributes(events, event),
                    Some(Attributes::WorkflowExecutionUpdateCompletedEventAttributes(
                        _
                    ))
                ) {
                    return Err(format!("event {event} completed no update"));
                }
                UpdateState::Completed(event)
            }
            UpdateStateMessage::FailedAtClose(_) => UpdateState::FailedAtClose,
            UpdateStateMessage::Recorded(event) => UpdateState::Recorded(admission(event, events)?),
            UpdateStateMessage::RecordedSent(event) => {
                UpdateState::RecordedSent(admission(event, events)?)
            }
        };
        Ok(Update {
            order: self.order,
            state,
        })
    }
}

impl From<&(EventType, EventId)> for RequestMessage {
    fn from((event_type, event): &(EventType, EventId)) -> Self {
        Self {
            event_type: (*event_type).into(),
            event: event.0,
        }
    }
}

impl RequestMessage {
    pub(super) fn restore(self, events: &EventLog) -> Result<(EventType, EventId), String> {
        let event_type = EventType::try_from(self.event_type)
            .map_err(|_| format!("its event type {} is unknown", self.event_type))?;
        Ok((event_type, recorded("its event", self.event, events)?))
    }
}

/// The event that admitted an update.
fn admission(event: i64, events: &EventLog) -> Result<EventId, String> {
    let event = recorded("its admission", event, events)?;
    match attributes(events, event) {
        Some(Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(_)) => Ok(event),
        _ => Err(format!("event {event} admitted no update")),
    }
}

fn attributes(events: &EventLog, event: EventId) -> Option<Attributes> {
    events.get(usize::try_from(event.0 - 1).ok()?)?.attributes
}

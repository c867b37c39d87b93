//! Pending activities.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use durably_proto::api::common::v1::{Payloads, Priority};
use durably_proto::api::enums::v1::TimeoutType;
use durably_proto::api::failure::v1::Failure;

use crate::id::{ActivityId, EventId, RequestId, Stamp};
use crate::retry::RetryPolicy;
use crate::time::Time;
use crate::tracked::Tracked;
use crate::versioning::DeploymentVersion;

/// The activities that have not closed.
#[derive(Debug, Default)]
pub(crate) struct Activities {
    by_event: Tracked<EventId, Activity>,
    /// The same activities by their own ids.
    by_id: BTreeMap<ActivityId, EventId>,
    /// The same activities in the order of their next deadlines; without those that have none.
    by_due: BTreeSet<(Time, EventId)>,
    /// How many of them are paused.
    paused: usize,
}

/// A pending activity.
///
/// ```text
///   Waiting --start--> Started --complete / fail / cancel / time out--> closed
///      ^                  |
///      '-- due -- Backoff <-- failed or timed out, and tried again
/// ```
///
/// A paused activity has no deadlines: an attempt with a worker may end, and no other is dispatched.
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    pub id: ActivityId,
    pub scheduled: EventId,
    pub scheduled_at: Time,
    /// When the last attempt may begin: decided when the activity was scheduled. As on the real server, a
    /// later change of the schedule-to-close timeout does not move it.
    pub expires_at: Option<Time>,
    pub queue: Arc<str>,
    /// What is set for the activity itself; see [`Run::activity_priority`](crate::Run::activity_priority).
    pub priority: Option<Priority>,
    pub timeouts: ActivityTimeouts,
    pub retry: RetryPolicy,
    /// From 1; counts up with every retry.
    pub attempt: u32,
    /// Names the latest offer of the attempt; counts up when the attempt is offered again.
    pub stamp: Stamp,
    /// When this attempt was or will be dispatched.
    pub attempt_at: Time,
    pub state: ActivityState,
    /// The previous attempt's failure.
    pub last_failure: Option<Failure>,
    /// When it ended.
    pub last_ended_at: Option<Time>,
    /// Details of the last heartbeat; kept from attempt to attempt.
    pub heartbeat_details: Option<Payloads>,
    /// When it came.
    pub heartbeat_at: Option<Time>,
    pub last_worker: String,
    /// The version of the last worker that is in a deployment.
    pub last_version: Option<DeploymentVersion>,
    pub last_started_at: Option<Time>,
    /// The `ActivityTaskCancelRequested` event.
    pub cancel_requested: Option<EventId>,
    /// Why no attempt is dispatched; until it is unpaused.
    pub pause: Option<Pause>,
    /// A reset was requested; until the next attempt is scheduled.
    pub reset: Option<RequestedReset>,
}

/// The pause of an activity: its time, the client and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    pub at: Time,
    pub identity: String,
    pub reason: String,
    pub request_id: RequestId,
}

/// A reset that an attempt with a worker is notified of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestedReset {
    /// Whether the next attempt begins without the heartbeats of earlier ones.
    pub heartbeat: bool,
}

/// Options of an activity that can be changed while it is pending.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub queue: Arc<str>,
    pub priority: Option<Priority>,
    pub timeouts: ActivityTimeouts,
    pub retry: RetryPolicy,
}

#[derive(Clone, Debug)]
pub(crate) enum ActivityState {
    /// Dispatched to its queue.
    Waiting,
    /// Not dispatched before this time.
    Backoff { until: Time },
    /// With a worker.
    Started {
        at: Time,
        request_id: RequestId,
        identity: String,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct ActivityTimeouts {
    pub schedule_to_close: Option<Duration>,
    pub schedule_to_start: Option<Duration>,
    pub start_to_close: Option<Duration>,
    pub heartbeat: Option<Duration>,
}

impl ActivityTimeouts {
    /// Fills in and clamps the timeouts: none is longer than the one that includes it, and the outermost is that
    /// of the run. None if the activity might take for ever.
    pub(crate) fn completed(self, run: Option<Duration>) -> Option<Self> {
        let within = |timeout: Option<Duration>, outer: Option<Duration>| match (timeout, outer) {
            (Some(timeout), Some(outer)) => Some(timeout.min(outer)),
            (timeout, outer) => timeout.or(outer),
        };
        if self.schedule_to_close.is_none() && self.start_to_close.is_none() {
            return None;
        }
        let total = within(self.schedule_to_close, run);
        let start_to_close = within(self.start_to_close, total);
        let heartbeat = self.heartbeat;
        Some(Self {
            schedule_to_close: total,
            schedule_to_start: within(self.schedule_to_start, total),
            start_to_close,
            heartbeat: heartbeat.and_then(|heartbeat| within(Some(heartbeat), start_to_close)),
        })
    }

    /// When the activity must have ended, if it is scheduled at `now`.
    pub(crate) fn expires_at(&self, now: Time) -> Option<Time> {
        self.schedule_to_close.map(|timeout| now + timeout)
    }
}

impl Activities {
    /// Adds an activity.
    pub(crate) fn schedule(&mut self, activity: Activity) {
        let scheduled = activity.scheduled;
        assert!(
            activity.is_waiting() && activity.attempt == 1,
            "an activity begins with its first attempt"
        );
        let other = self.by_id.insert(activity.id.clone(), scheduled);
        assert!(other.is_none(), "activity {} is pending", activity.id);
        self.by_due.extend(activity.due());
        let other = self.by_event.insert(scheduled, activity);
        assert!(other.is_none(), "an event schedules one activity");
        self.assert_invariants();
    }

    /// A worker takes the attempt.
    pub(crate) fn start_attempt(
        &mut self,
        scheduled: EventId,
        now: Time,
        request_id: RequestId,
        identity: String,
        version: Option<DeploymentVersion>,
    ) {
        self.change(scheduled, |activity| {
            assert!(!activity.is_started(), "an attempt starts once");
            if version.is_some() {
                activity.last_version = version;
            }
            activity.last_started_at = Some(now);
            activity.last_worker.clone_from(&identity);
            activity.heartbeat_at = None;
            activity.state = ActivityState::Started {
                at: now,
                request_id,
                identity,
            };
        });
    }

    /// The attempt is alive.
    pub(crate) fn heartbeat(&mut self, scheduled: EventId, now: Time, details: Option<Payloads>) {
        self.change(scheduled, |activity| {
            assert!(activity.is_started(), "an attempt with a worker is alive");
            activity.heartbeat_at = Some(now);
            activity.heartbeat_details = details;
        });
    }

    /// The attempt failed at `now`, and the next one begins `after`.
    pub(crate) fn back_off(
        &mut self,
        scheduled: EventId,
        now: Time,
        after: Duration,
        failure: Failure,
    ) {
        self.change(scheduled, |activity| {
            assert!(activity.is_started(), "an attempt with a worker fails");
            let until = now + after;
            activity.attempt += 1;
            activity.attempt_at = until;
            activity.state = ActivityState::Backoff { until };
            activity.last_failure = Some(failure);
            activity.last_ended_at = Some(now);
            activity.end_reset();
        });
    }

    /// The next attempt waits for a worker.
    pub(crate) fn end_backoff(&mut self, scheduled: EventId, now: Time) {
        self.change(scheduled, |activity| {
            assert!(
                matches!(activity.state, ActivityState::Backoff { until } if until <= now),
                "a backoff ends when it is due"
            );
            activity.state = ActivityState::Waiting;
        });
    }

    /// The attempt of a paused activity failed at `now`; the next one waits until it is unpaused.
    pub(crate) fn hold(&mut self, scheduled: EventId, now: Time, failure: Failure) {
        self.change(scheduled, |activity| {
            assert!(activity.is_started(), "an attempt with a worker fails");
            assert!(activity.pause.is_some(), "a paused activity is held");
            activity.attempt += 1;
            activity.state = ActivityState::Waiting;
            activity.last_failure = Some(failure);
            activity.last_ended_at = Some(now);
        });
    }

    /// Dispatches no attempts any more.
    pub(crate) fn pause(&mut self, scheduled: EventId, pause: Pause) {
        self.change(scheduled, |activity| {
            assert!(activity.pause.is_none(), "an activity is paused once");
            activity.pause = Some(pause);
            if !activity.is_started() {
                activity.renew_offer();
            }
        });
    }

    /// Dispatches attempts again; see [`Self::schedule_attempt`].
    pub(crate) fn unpause(&mut self, scheduled: EventId) {
        self.change(scheduled, |activity| {
            assert!(activity.pause.is_some(), "a paused activity is unpaused");
            activity.pause = None;
        });
    }

    /// The attempts are counted from 1 again.
    pub(crate) fn reset_attempts(&mut self, scheduled: EventId) {
        self.change(scheduled, |activity| activity.attempt = 1);
    }

    /// Notifies the attempt with a worker of a reset.
    pub(crate) fn request_reset(&mut self, scheduled: EventId, heartbeat: bool) {
        self.change(scheduled, |activity| {
            let earlier = activity.reset.is_some_and(|reset| reset.heartbeat);
            activity.reset = Some(RequestedReset {
                heartbeat: heartbeat || earlier,
            });
        });
    }

    /// Forgets the details and the time of the last heartbeat.
    pub(crate) fn reset_heartbeat(&mut self, scheduled: EventId) {
        self.change(scheduled, Activity::forget_heartbeat);
    }

    /// Replaces the options.
    pub(crate) fn set_options(&mut self, scheduled: EventId, options: Options) {
        self.change(scheduled, |activity| {
            activity.queue = options.queue;
            activity.priority = options.priority;
            activity.timeouts = options.timeouts;
            activity.retry = options.retry;
        });
    }

    /// The attempt that no worker has begins at `at`, which may be over. Its earlier offers are stale.
    pub(crate) fn schedule_attempt(&mut self, scheduled: EventId, at: Time, now: Time) {
        self.change(scheduled, |activity| {
            assert!(!activity.is_started(), "no worker has the attempt");
            activity.renew_offer();
            activity.attempt_at = at;
            activity.last_failure = None;
            activity.end_reset();
            activity.state = match at > now {
                true => ActivityState::Backoff { until: at },
                false => ActivityState::Waiting,
            };
        });
    }

    /// The attempts that wait for a worker are offered again; their earlier offers are stale.
    pub(crate) fn renew_offers(&mut self) {
        let waiting = self.iter().filter(|activity| activity.is_waiting());
        let waiting: Vec<_> = waiting.map(|activity| activity.scheduled).collect();
        for scheduled in waiting {
            self.change(scheduled, Activity::renew_offer);
        }
    }

    /// The worker of the workflow requested the cancellation.
    pub(crate) fn request_cancel(&mut self, scheduled: EventId, requested: EventId) {
        self.change(scheduled, |activity| {
            assert!(
                activity.cancel_requested.is_none(),
                "a cancellation is requested once"
            );
            activity.cancel_requested = Some(requested);
        });
    }

    /// Schedules the activities whose attempts no worker has again, at `now`.
    pub(crate) fn reschedule(&mut self, now: Time) {
        let scheduled: Vec<_> = self.by_event.keys().copied().collect();
        for scheduled in scheduled {
            self.change(scheduled, |activity| {
                if activity.is_waiting() {
                    activity.scheduled_at = now;
                    activity.attempt_at = now;
                    activity.expires_at = activity.timeouts.expires_at(now);
                }
            });
        }
    }

    /// Removes an activity that closes and returns it.
    pub(crate) fn remove(&mut self, scheduled: EventId) -> Option<Activity> {
        let activity = self.by_event.remove(&scheduled)?;
        let indexed = self.by_id.remove(&activity.id);
        assert_eq!(indexed, Some(scheduled), "an activity is found by its id");
        self.move_due(activity.due(), None);
        self.paused -= usize::from(activity.pause.is_some());
        self.assert_invariants();
        Some(activity)
    }

    /// Removes all activities.
    pub(crate) fn clear(&mut self) {
        self.by_id.clear();
        self.by_due.clear();
        self.by_event.clear();
        self.paused = 0;
    }

    /// The activity whose deadline is due first: a timeout or its next attempt.
    pub(crate) fn first_due(&self) -> Option<(Time, EventId)> {
        self.by_due.first().copied()
    }

    pub(crate) fn get(&self, scheduled: EventId) -> Option<&Activity> {
        self.by_event.get(&scheduled)
    }

    /// The event that scheduled the activity of this id.
    pub(crate) fn event_of(&self, id: &ActivityId) -> Option<EventId> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Activity> {
        self.by_event.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_event.len()
    }

    /// How many are paused.
    pub(crate) fn paused(&self) -> usize {
        self.paused
    }

    /// Adds a stored activity; returns false if there is one with its id or its event.
    pub(crate) fn restore(&mut self, activity: Activity) -> bool {
        let scheduled = activity.scheduled;
        let id = activity.id.clone();
        self.by_due.extend(activity.due());
        self.paused += usize::from(activity.pause.is_some());
        self.by_id.insert(id, scheduled).is_none() && self.by_event.restore(scheduled, activity)
    }

    /// The activities that changed since the last commit.
    pub(crate) fn take_changed(&mut self) -> impl Iterator<Item = (EventId, Option<&Activity>)> {
        self.by_event.take_changed()
    }

    fn change(&mut self, scheduled: EventId, change: impl FnOnce(&mut Activity)) {
        let activity = self.by_event.get_mut(&scheduled);
        let activity = activity.expect("the caller has seen the activity");
        let before = (activity.due(), usize::from(activity.pause.is_some()));
        change(activity);
        let after = (activity.due(), usize::from(activity.pause.is_some()));
        self.paused = self.paused - before.1 + after.1;
        self.move_due(before.0, after.0);
        self.assert_invariants();
    }

    /// Moves an activity in the order of deadlines.
    fn move_due(&mut self, before: Option<(Time, EventId)>, after: Option<(Time, EventId)>) {
        if before == after {
            return;
        }
        if let Some(before) = before {
            let was_there = self.by_due.remove(&before);
            assert!(was_there, "an activity is found by its deadline");
        }
        self.by_due.extend(after);
    }

    fn assert_invariants(&self) {
        assert_eq!(
            self.by_event.len(),
            self.by_id.len(),
            "activities are found by event and by id"
        );
        assert!(
            self.by_due.len() + self.paused <= self.by_event.len(),
            "an activity has one deadline, and none while it is paused"
        );
    }
}

impl Activity {
    /// The first attempt, which waits for a worker.
    pub(crate) fn new(
        id: ActivityId,
        scheduled: EventId,
        now: Time,
        queue: Arc<str>,
        priority: Option<Priority>,
        timeouts: ActivityTimeouts,
        retry: RetryPolicy,
    ) -> Self {
        Self {
            id,
            scheduled,
            scheduled_at: now,
            expires_at: timeouts.expires_at(now),
            queue,
            priority,
            timeouts,
            retry,
            attempt: 1,
            stamp: Stamp::default(),
            attempt_at: now,
            state: ActivityState::Waiting,
            last_failure: None,
            last_ended_at: None,
            heartbeat_details: None,
            heartbeat_at: None,
            last_worker: String::new(),
            last_version: None,
            last_started_at: None,
            cancel_requested: None,
            pause: None,
            reset: None,
        }
    }

    /// Whether the attempt waits in a queue.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.state, ActivityState::Waiting) && self.pause.is_none()
    }

    /// Whether a worker has the attempt.
    pub(crate) fn is_started(&self) -> bool {
        matches!(self.state, ActivityState::Started { .. })
    }

    /// Makes the offers of the attempt stale.
    fn renew_offer(&mut self) {
        self.stamp = Stamp(self.stamp.0 + 1);
    }

    fn forget_heartbeat(&mut self) {
        self.heartbeat_details = None;
        self.heartbeat_at = None;
    }

    /// The attempt that was notified of a reset is over.
    fn end_reset(&mut self) {
        if self.reset.take().is_some_and(|reset| reset.heartbeat) {
            self.forget_heartbeat();
        }
    }

    /// The timeout that has expired first.
    pub(crate) fn expired(&self, now: Time) -> Option<TimeoutType> {
        self.timeouts_in_order()
            .into_iter()
            .flatten()
            .filter(|(at, _)| *at <= now)
            .min_by_key(|(at, _)| *at)
            .map(|(_, kind)| kind)
    }

    /// When the next attempt is dispatched, if that is decided.
    pub(crate) fn next_attempt_at(&self) -> Option<Time> {
        match self.state {
            ActivityState::Backoff { until } => Some(until).filter(|_| self.pause.is_none()),
            ActivityState::Waiting | ActivityState::Started { .. } => None,
        }
    }

    /// Its place in the order of deadlines.
    fn due(&self) -> Option<(Time, EventId)> {
        Some((self.next_deadline()?, self.scheduled))
    }

    fn next_deadline(&self) -> Option<Time> {
        self.timeouts_in_order()
            .into_iter()
            .flatten()
            .map(|(at, _)| at)
            .chain(self.next_attempt_at())
            .min()
    }

    /// The activity's timeouts; of those that expire together the first one counts.
    fn timeouts_in_order(&self) -> [Option<(Time, TimeoutType)>; 4] {
        if self.pause.is_some() {
            return [None; 4];
        }
        let timeouts = &self.timeouts;
        let after = |from: Time, timeout: Option<Duration>, kind| {
            timeout.map(|timeout| (from + timeout, kind))
        };
        let total = after(
            self.scheduled_at,
            timeouts.schedule_to_close,
            TimeoutType::ScheduleToClose,
        );
        match self.state {
            ActivityState::Started { at, .. } => {
                let alive = self.heartbeat_at.unwrap_or(at);
                // An eager activity starts when it is scheduled, so two timeouts may expire
                // together.
                [
                    total,
                    after(at, timeouts.start_to_close, TimeoutType::StartToClose),
                    after(alive, timeouts.heartbeat, TimeoutType::Heartbeat),
                    None,
                ]
            }
            ActivityState::Waiting | ActivityState::Backoff { .. } => {
                let taken = after(
                    self.attempt_at,
                    timeouts.schedule_to_start,
                    TimeoutType::ScheduleToStart,
                );
                [taken, total, None, None]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use durably_proto::api::common::v1::RetryPolicy as RetryPolicyMessage;

    use super::*;

    const SCHEDULED: EventId = EventId(5);

    fn waiting() -> Activities {
        let mut activities = Activities::default();
        let retry = RetryPolicy::from_proto(&RetryPolicyMessage::default());
        let timeouts = ActivityTimeouts {
            schedule_to_close: Some(Duration::from_nanos(100)),
            schedule_to_start: None,
            start_to_close: None,
            heartbeat: None,
        };
        activities.schedule(Activity::new(
            "a".into(),
            SCHEDULED,
            at(0),
            "q".into(),
            None,
            timeouts,
            retry.expect("the default policy"),
        ));
        activities
    }

    fn at(nanos: i64) -> Time {
        Time::from_unix_nanos(nanos)
    }

    #[test]
    #[should_panic(expected = "an attempt starts once")]
    fn a_started_attempt_does_not_start_again() {
        let mut activities = waiting();
        activities.start_attempt(SCHEDULED, at(1), "r".into(), String::new(), None);
        activities.start_attempt(SCHEDULED, at(2), "r".into(), String::new(), None);
    }

    #[test]
    #[should_panic(expected = "an attempt with a worker fails")]
    fn an_attempt_that_waits_does_not_fail() {
        let after = Duration::from_nanos(5);
        waiting().back_off(SCHEDULED, at(1), after, Failure::default());
    }

    #[test]
    #[should_panic(expected = "a backoff ends when it is due")]
    fn a_backoff_does_not_end_early() {
        let mut activities = waiting();
        activities.start_attempt(SCHEDULED, at(1), "r".into(), String::new(), None);
        let after = Duration::from_nanos(5);
        activities.back_off(SCHEDULED, at(2), after, Failure::default());
        activities.end_backoff(SCHEDULED, at(6));
    }
}

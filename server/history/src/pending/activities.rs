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
}

/// A pending activity.
///
/// ```text
///   Waiting --start--> Started --complete / fail / cancel / time out--> closed
///      ^                  |
///      '-- due -- Backoff <-- failed or timed out, and tried again
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    pub id: ActivityId,
    pub scheduled: EventId,
    pub scheduled_at: Time,
    pub queue: Arc<str>,
    /// Merged with the workflow's.
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

impl Activities {
    /// Adds an activity.
    pub(crate) fn schedule(&mut self, activity: Activity) {
        let scheduled = activity.scheduled;
        assert!(
            matches!(activity.state, ActivityState::Waiting) && activity.attempt == 1,
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

    /// The attempts that wait for a worker are offered again; their earlier offers are stale.
    pub(crate) fn renew_offers(&mut self) {
        let waiting = self.iter().filter(|activity| activity.is_waiting());
        let waiting: Vec<_> = waiting.map(|activity| activity.scheduled).collect();
        for scheduled in waiting {
            self.change(scheduled, |activity| {
                activity.stamp = Stamp(activity.stamp.0 + 1);
            });
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
                if let ActivityState::Waiting = activity.state {
                    activity.scheduled_at = now;
                    activity.attempt_at = now;
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
        self.assert_invariants();
        Some(activity)
    }

    /// Removes all activities.
    pub(crate) fn clear(&mut self) {
        self.by_id.clear();
        self.by_due.clear();
        self.by_event.take_all();
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

    /// Adds a stored activity; returns false if there is one with its id or its event.
    pub(crate) fn restore(&mut self, activity: Activity) -> bool {
        let scheduled = activity.scheduled;
        let id = activity.id.clone();
        self.by_due.extend(activity.due());
        self.by_id.insert(id, scheduled).is_none() && self.by_event.restore(scheduled, activity)
    }

    /// The activities that changed since the last commit.
    pub(crate) fn take_changed(&mut self) -> impl Iterator<Item = (EventId, Option<&Activity>)> {
        self.by_event.take_changed()
    }

    fn change(&mut self, scheduled: EventId, change: impl FnOnce(&mut Activity)) {
        let activity = self.by_event.get_mut(&scheduled);
        let activity = activity.expect("the caller has seen the activity");
        let before = activity.due();
        change(activity);
        let after = activity.due();
        self.move_due(before, after);
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
            self.by_due.len() <= self.by_event.len(),
            "an activity has one deadline"
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
        }
    }

    /// Whether the attempt waits in a queue.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.state, ActivityState::Waiting)
    }

    /// Whether a worker has the attempt.
    pub(crate) fn is_started(&self) -> bool {
        matches!(self.state, ActivityState::Started { .. })
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

    /// Its place in the order of deadlines.
    fn due(&self) -> Option<(Time, EventId)> {
        Some((self.next_deadline()?, self.scheduled))
    }

    fn next_deadline(&self) -> Option<Time> {
        let backoff = match self.state {
            ActivityState::Backoff { until } => Some(until),
            ActivityState::Waiting | ActivityState::Started { .. } => None,
        };
        self.timeouts_in_order()
            .into_iter()
            .flatten()
            .map(|(at, _)| at)
            .chain(backoff)
            .min()
    }

    /// The activity's timeouts; of those that expire together the first one counts.
    fn timeouts_in_order(&self) -> [Option<(Time, TimeoutType)>; 4] {
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

//! The times that have come: buffers the starts of the schedule's own times and of backfills.

use std::time::Duration;

use durably_proto::api::enums::v1::ScheduleOverlapPolicy as Overlap;
use durably_proto::wkt;

use super::buffer::BufferedStart;
use super::spec::{Effort, SpecTime, TooManyExclusions};
use super::{MOST_BUFFERED, Schedule};
use crate::time::{Time, timeout_from_proto};

impl Schedule {
    /// Buffers what is due, decides the buffer, and computes the next wake-up.
    pub(super) fn advance(&mut self, now: Time) {
        let next = self.buffer_due(now);
        self.buffer_backfills();
        self.decide(now);
        self.next_wakeup = self.wakeup(next, now);
        self.assert_invariants();
    }

    /// Decides the buffer after the result of an action. Backfills, whose pace is limited, wait for their
    /// wake-up.
    pub(super) fn decide_further(&mut self, now: Time) {
        self.decide(now);
        if !self.has_paced_backfills() {
            let next = self.time_after(self.processed).map(|next| next.actual);
            self.next_wakeup = self.wakeup(next, now);
        }
        self.assert_invariants();
    }

    /// The first time of the specification after a time; none if there is none or it is not found.
    pub(super) fn time_after(&self, after: Time) -> Option<SpecTime> {
        self.spec.next_after(after, &self.seed()).ok().flatten()
    }

    /// Seed of the jitter.
    pub(super) fn seed(&self) -> String {
        format!("{}-{}", self.name.namespace_id, self.name.id)
    }

    /// Buffers the schedule's own times up to now; returns the next one.
    fn buffer_due(&mut self, now: Time) -> Option<Time> {
        // The clock may have been set back.
        let now = now.max(self.processed);
        if !self.may_act() {
            // The times of a pause are over, and were not missed.
            self.processed = now;
            return self.time_after(now).map(|next| next.actual);
        }
        let window = timeout_from_proto(self.policies().catchup_window.as_ref());
        let updated = self.info.update_time.map(Time::from);
        let mut count = 0;
        let (seed, mut effort) = (self.seed(), Effort::default());
        loop {
            let found = self.spec.next_within(self.processed, &seed, &mut effort);
            let next = match found {
                Ok(Some(next)) => next,
                Ok(None) => return None,
                // The next step goes on from here.
                Err(TooManyExclusions) if count > 0 => return Some(self.processed),
                Err(TooManyExclusions) => return None,
            };
            if next.actual > now || count >= TIMES_AT_ONCE {
                return Some(next.actual);
            }
            count += 1;
            self.processed = next.actual;
            // It follows the definition before the update.
            if updated.is_some_and(|updated| updated > next.actual) {
                continue;
            }
            if now.since(next.actual) > window.unwrap_or_default() {
                self.info.missed_catchup_window += 1;
                continue;
            }
            self.buffer_start(next.nominal, next.actual, Overlap::Unspecified, false);
        }
    }

    /// Buffers the next times of backfills.
    fn buffer_backfills(&mut self) {
        let mut left = BACKFILLED_AT_ONCE;
        // Backfills take half of the buffer at most.
        while left > 0 && self.buffer.len() < MOST_BUFFERED / 2 {
            let Some(backfill) = self.backfills.front() else {
                return;
            };
            let time = |at: Option<wkt::Timestamp>| at.map(Time::from).unwrap_or_default();
            let (start, end) = (time(backfill.start_time), time(backfill.end_time));
            let overlap = backfill.overlap_policy();
            let next = self.time_after(start).filter(|next| next.actual <= end);
            let Some(next) = next else {
                self.backfills.pop_front();
                continue;
            };
            self.buffer_start(next.nominal, next.actual, overlap, true);
            if let Some(backfill) = self.backfills.front_mut() {
                backfill.start_time = Some(next.actual.into());
            }
            left -= 1;
        }
    }

    pub(super) fn buffer_start(
        &mut self,
        nominal: Time,
        actual: Time,
        overlap: Overlap,
        is_manual: bool,
    ) {
        if self.buffer.len() >= MOST_BUFFERED {
            self.info.buffer_dropped += 1;
            return;
        }
        self.buffer.push(BufferedStart {
            nominal,
            actual,
            overlap,
            is_manual,
        });
        self.is_undecided = true;
    }

    /// Whether the next backfill goes on without the end of a run.
    fn has_paced_backfills(&self) -> bool {
        match self.backfills.front().map(|it| it.overlap_policy()) {
            Some(Overlap::Unspecified) => self.policy() == Overlap::AllowAll,
            overlap => overlap == Some(Overlap::AllowAll),
        }
    }

    fn wakeup(&mut self, next: Option<Time>, now: Time) -> Option<Time> {
        // A request that comes after the end, but before the schedule is woken to end, prolongs it.
        self.is_over = false;
        if self.has_paced_backfills() {
            return Some(now + BACKFILL_INTERVAL);
        }
        let next = next.filter(|_| self.may_act());
        if next.is_some() || self.state().paused {
            return next;
        }
        // The result of an action comes first.
        if !self.pending.is_empty() {
            return None;
        }
        // Nothing is left to do.
        let ends_at = self.last_event() + IDLE_RETENTION;
        self.is_over = ends_at <= now;
        Some(ends_at)
    }

    /// When the schedule was created or updated, or has acted.
    fn last_event(&self) -> Time {
        let recent = self.info.recent_actions.last();
        let times = [
            recent.and_then(|action| action.actual_time),
            self.info.create_time,
            self.info.update_time,
        ];
        let times = times.into_iter().flatten().map(Time::from);
        times.max().unwrap_or_default()
    }
}

/// Times that one step looks at, so that a long downtime does not stop the server.
const TIMES_AT_ONCE: usize = 10_000;
/// Times of backfills in one step, and the pause after it. The real server's values.
const BACKFILLED_AT_ONCE: usize = 10;
const BACKFILL_INTERVAL: Duration = Duration::from_secs(1);
/// How long a schedule without anything to do is kept. The real server's value.
const IDLE_RETENTION: Duration = Duration::from_secs(7 * 24 * 3600);

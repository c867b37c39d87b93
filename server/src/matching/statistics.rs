//! How many tasks come to a queue and leave it, and whether its rate limit holds tasks back.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::priority::PriorityLevel;

/// Counts of one queue over the last half minute, by the priority of its tasks.
#[derive(Debug, Default)]
pub(super) struct Statistics {
    levels: BTreeMap<PriorityLevel, Level>,
    held_back_at: Option<Instant>,
}

#[derive(Debug)]
struct Level {
    added: RecentCount,
    dispatched: RecentCount,
}

impl Statistics {
    /// A task has come, whether or not it waits.
    pub(super) fn record_added(&mut self, level: PriorityLevel, now: Instant) {
        self.level(level, now).added.record(now);
    }

    /// A poll has a task.
    pub(super) fn record_dispatched(&mut self, level: PriorityLevel, now: Instant) {
        self.level(level, now).dispatched.record(now);
    }

    /// The rate limit has kept a task from a poll.
    pub(super) fn record_held_back(&mut self, now: Instant) {
        self.held_back_at = Some(now);
    }

    pub(super) fn is_rate_limited(&self, now: Instant) -> bool {
        self.held_back_at
            .is_some_and(|at| now.saturating_duration_since(at) < WINDOW)
    }

    /// Tasks a second that came and that left, of each priority that the queue has had.
    pub(super) fn rates(
        &mut self,
        now: Instant,
    ) -> impl Iterator<Item = (PriorityLevel, f64, f64)> + '_ {
        self.levels.iter_mut().map(move |(level, counts)| {
            (*level, counts.added.rate(now), counts.dispatched.rate(now))
        })
    }

    /// Both counts of a priority begin together, so that their rates compare.
    fn level(&mut self, level: PriorityLevel, now: Instant) -> &mut Level {
        self.levels.entry(level).or_insert_with(|| Level {
            added: RecentCount::new(now),
            dispatched: RecentCount::new(now),
        })
    }
}

/// The time over which rates are measured, as on the real server.
const WINDOW: Duration = Duration::from_secs(30);
/// The part of it whose count is forgotten at once.
const STEP: Duration = Duration::from_secs(5);
/// As many steps as the window has, and the present one.
const STEPS: usize = 7;

/// How often something happened within the window.
#[derive(Debug)]
struct RecentCount {
    began: Instant,
    step_began: Instant,
    counts: [u64; STEPS],
    step: usize,
}

impl RecentCount {
    fn new(now: Instant) -> Self {
        Self {
            began: now,
            step_began: now,
            counts: [0; STEPS],
            step: 0,
        }
    }

    fn record(&mut self, now: Instant) {
        self.go_on(now);
        self.counts[self.step] += 1;
    }

    /// A second; the first event alone has no rate.
    fn rate(&mut self, now: Instant) -> f64 {
        self.go_on(now);
        let measured = now.saturating_duration_since(self.step_began) + WINDOW;
        let measured = measured.min(now.saturating_duration_since(self.began));
        match measured.is_zero() {
            true => 0.0,
            false => self.counts.iter().sum::<u64>() as f64 / measured.as_secs_f64(),
        }
    }

    fn go_on(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.step_began);
        if passed >= STEP * STEPS as u32 {
            self.counts = [0; STEPS];
            self.step_began = now;
            return;
        }
        for _ in 0..passed.as_nanos() / STEP.as_nanos() {
            self.step = (self.step + 1) % STEPS;
            self.counts[self.step] = 0;
            self.step_began += STEP;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(statistics: &mut Statistics, now: Instant) -> Vec<(PriorityLevel, f64, f64)> {
        statistics.rates(now).collect()
    }

    #[test]
    fn a_rate_is_that_of_the_last_half_minute() {
        let (began, second) = (Instant::now(), Duration::from_secs(1));
        let level = PriorityLevel::default();
        let mut statistics = Statistics::default();
        statistics.record_added(level, began);
        assert_eq!(rates(&mut statistics, began), [(level, 0.0, 0.0)]);
        for at in 1..=60 {
            for _ in 0..4 {
                statistics.record_added(level, began + second * at);
            }
            if at % 2 == 0 {
                statistics.record_dispatched(level, began + second * at);
            }
        }
        let [(_, added, dispatched)] = rates(&mut statistics, began + second * 60)[..] else {
            panic!("one priority");
        };
        assert!((3.9..=4.2).contains(&added), "{added}");
        assert!((0.4..=0.6).contains(&dispatched), "{dispatched}");
        // After a pause nothing is left of it.
        let later = began + second * 100;
        assert_eq!(rates(&mut statistics, later), [(level, 0.0, 0.0)]);
    }

    #[test]
    fn each_priority_has_its_rates() {
        let (began, second) = (Instant::now(), Duration::from_secs(1));
        let (urgent, late) = (PriorityLevel::of(1), PriorityLevel::of(5));
        let mut statistics = Statistics::default();
        statistics.record_added(late, began);
        statistics.record_added(urgent, began);
        statistics.record_dispatched(urgent, began);
        assert_eq!(
            rates(&mut statistics, began + second),
            [(urgent, 1.0, 1.0), (late, 1.0, 0.0)]
        );
    }

    #[test]
    fn a_limit_counts_as_active_for_half_a_minute() {
        let now = Instant::now();
        let mut statistics = Statistics::default();
        assert!(!statistics.is_rate_limited(now));
        statistics.record_held_back(now);
        assert!(statistics.is_rate_limited(now + WINDOW / 2));
        assert!(!statistics.is_rate_limited(now + WINDOW));
    }
}

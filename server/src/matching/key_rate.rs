//! Rate limit of each fairness key of a task queue, which a client sets.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::pace::{LONGEST, Pace, interval};
use super::priority::{FairnessKey, TaskPriority};
use super::sweep::Sweep;
use super::weight::Weights;

/// Allows each key a number of tasks a second, times its weight. All keys have the same limit, also that of the tasks
/// without a key.
#[derive(Debug)]
pub(crate) struct KeyRateLimit {
    /// The pace of a key of weight 1; none for no limit.
    pace: Option<Pace>,
    /// The state of the keys that have spent something.
    earned: HashMap<FairnessKey, Instant>,
    /// When keys are forgotten that have earned all back.
    sweep: Sweep,
}

impl Default for KeyRateLimit {
    fn default() -> Self {
        Self {
            pace: None,
            earned: HashMap::new(),
            sweep: Sweep::new(FIRST_SWEEP),
        }
    }
}

impl KeyRateLimit {
    /// Sets or removes the rate. No key waits longer than a second and the interval of the new rate, so that keys go on
    /// that were slow.
    pub(crate) fn configure(&mut self, per_second: Option<f64>, now: Instant) {
        let pace = per_second.and_then(pace);
        if pace == self.pace {
            return;
        }
        self.pace = pace;
        let Some(pace) = pace else {
            self.earned.clear();
            return;
        };
        let latest = now + pace.interval + 2 * pace.burst;
        for earned in self.earned.values_mut() {
            *earned = latest.min(*earned);
        }
    }

    /// Whether a task of the key may leave.
    pub(crate) fn is_ready(&self, key: &FairnessKey, now: Instant) -> bool {
        self.next(key, now) == now
    }

    /// The instant at which the next task of any of the keys may leave; none without keys.
    pub(crate) fn earliest<'a>(
        &self,
        mut keys: impl Iterator<Item = &'a FairnessKey>,
        now: Instant,
    ) -> Option<Instant> {
        match self.pace {
            None => keys.next().map(|_| now),
            Some(_) => {
                let mut earliest = None;
                for key in keys {
                    let next = self.next(key, now);
                    if next == now {
                        return Some(now);
                    }
                    earliest = Some(earliest.map_or(next, |earliest| next.min(earliest)));
                }
                earliest
            }
        }
    }

    /// Whether keys may wait while others do not.
    pub(crate) fn is_limited(&self) -> bool {
        self.pace.is_some()
    }

    /// Spends the token of a task that leaves.
    pub(crate) fn record_task(&mut self, priority: &TaskPriority, weights: &Weights, now: Instant) {
        let Some(pace) = self.pace_of(priority, weights) else {
            return;
        };
        if self.sweep.is_due(self.earned.len()) {
            self.earned.retain(|_, earned| *earned > now);
            self.sweep.record(self.earned.len());
        }
        let earned = self.earned.get(&priority.key).copied();
        let earned = pace.spend(earned, now);
        self.earned.insert(priority.key.clone(), earned);
    }

    /// Returns the token of a task that did not leave after all.
    pub(crate) fn return_token(&mut self, priority: &TaskPriority, weights: &Weights) {
        let Some(pace) = self.pace_of(priority, weights) else {
            return;
        };
        if let Some(earned) = self.earned.get_mut(&priority.key) {
            *earned = pace.give_back(*earned);
        }
    }

    /// The pace of a task's key; none without a limit.
    fn pace_of(&self, priority: &TaskPriority, weights: &Weights) -> Option<Pace> {
        let pace = self.pace?;
        Some(Pace {
            interval: pace.interval.div_f32(weights.of(priority)).min(LONGEST),
            ..pace
        })
    }

    fn next(&self, key: &FairnessKey, now: Instant) -> Instant {
        self.pace.map_or(now, |pace| {
            let earned = self.earned.get(key).copied();
            pace.next(earned, now)
        })
    }
}

/// A rate of zero is no limit, as on the real server; tasks run ahead by a second.
fn pace(per_second: f64) -> Option<Pace> {
    let is_limit = per_second > LEAST_RATE;
    Some(Pace {
        interval: interval(per_second).filter(|_| is_limit)?,
        burst: Duration::from_secs(1),
    })
}

/// The real server takes a lower rate for zero.
const LEAST_RATE: f64 = 1e-9;

/// Number of keys below which none is forgotten.
const FIRST_SWEEP: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue_config::QueueLimits;

    fn of(key: &str, weight: f32) -> TaskPriority {
        TaskPriority {
            key: key.into(),
            weight,
            ..TaskPriority::default()
        }
    }

    fn limit(per_second: f64, now: Instant) -> KeyRateLimit {
        let mut limit = KeyRateLimit::default();
        limit.configure(Some(per_second), now);
        limit
    }

    /// When so many tasks leave that wait, in milliseconds.
    fn leaves(limit: &mut KeyRateLimit, weights: &Weights, task: &TaskPriority) -> Vec<u128> {
        let begin = Instant::now();
        let mut now = begin;
        let mut leaves = Vec::new();
        for _ in 0..6 {
            let keys = std::iter::once(&task.key);
            now = limit.earliest(keys, now).expect("there is a key");
            limit.record_task(task, weights, now);
            leaves.push(now.duration_since(begin).as_millis());
        }
        leaves
    }

    #[tokio::test(start_paused = true)]
    async fn each_key_leaves_at_the_rate_times_its_weight_after_what_a_second_earns() {
        let none = Weights::default();
        let mut limit = limit(1.0, Instant::now());
        let slow = [0, 0, 1000, 2000, 3000, 4000];
        assert_eq!(leaves(&mut limit, &none, &of("a", 0.0)), slow);
        assert_eq!(
            leaves(&mut limit, &none, &of("b", 2.0)),
            [0, 0, 0, 500, 1000, 1500]
        );
        assert_eq!(
            leaves(&mut limit, &none, &of("", 0.0)),
            slow,
            "no key is one"
        );
        let weights = Weights::from(&QueueLimits {
            weights: [("c".to_owned(), 2.0)].into(),
            ..QueueLimits::default()
        });
        assert_eq!(
            leaves(&mut limit, &weights, &of("c", 0.5)),
            [0, 0, 0, 500, 1000, 1500],
            "the queue's weight, not the task's"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_waits_holds_no_other_up() {
        let now = Instant::now();
        let mut limit = limit(0.01, now);
        let (one, other) = (of("one", 0.0), of("other", 0.0));
        assert!(limit.is_ready(&one.key, now));
        limit.record_task(&one, &Weights::default(), now);
        assert!(!limit.is_ready(&one.key, now));
        assert!(limit.is_ready(&other.key, now));
        let at = now + Duration::from_secs(99);
        assert_eq!(limit.earliest([&one.key].into_iter(), now), Some(at));
        let both = [&one.key, &other.key].into_iter();
        assert_eq!(limit.earliest(both, now), Some(now));
        assert_eq!(limit.earliest(std::iter::empty(), now), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_leave_after_all_costs_its_key_nothing() {
        let now = Instant::now();
        let mut limit = limit(0.01, now);
        let (one, none) = (of("one", 2.0), Weights::default());
        for _ in 0..3 {
            limit.record_task(&one, &none, now);
            limit.return_token(&one, &none);
            assert!(limit.is_ready(&one.key, now));
        }
        limit.record_task(&one, &none, now);
        assert!(!limit.is_ready(&one.key, now));
    }

    #[tokio::test(start_paused = true)]
    async fn a_faster_rate_and_none_let_a_key_go_on_that_was_slow() {
        let now = Instant::now();
        let one = of("one", 0.0);
        let mut limit = limit(0.001, now);
        limit.record_task(&one, &Weights::default(), now);
        limit.configure(Some(1.0), now);
        let next = limit.earliest([&one.key].into_iter(), now);
        assert_eq!(next, Some(now + Duration::from_secs(2)));
        for no_limit in [Some(0.0), None] {
            limit.configure(no_limit, now);
            assert!(limit.is_ready(&one.key, now));
            assert!(!limit.is_limited());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn keys_that_have_earned_all_back_are_forgotten() {
        let mut now = Instant::now();
        let mut limit = limit(1.0, now);
        for key in 0..10_000 {
            now += Duration::from_secs(10);
            limit.record_task(&of(&key.to_string(), 0.0), &Weights::default(), now);
        }
        assert!(limit.earned.len() <= FIRST_SWEEP, "{}", limit.earned.len());
    }
}

//! Limits of the dispatch of all queues of one name, whichever version their workers have.

use tokio::time::Instant;

use super::key_rate::KeyRateLimit;
use super::priority::{FairnessKey, TaskPriority};
use super::rate::RateLimit;
use super::weight::Weights;
use crate::queue_config::QueueLimits;

/// The limits of a name, and what they have let through.
#[derive(Debug, Default)]
pub(super) struct Limits {
    pub(super) rate: RateLimit,
    pub(super) keys: KeyRateLimit,
    weights: Weights,
    /// Number of tasks that came.
    arrived: u64,
}

impl Limits {
    /// The limits of a queue that nobody has polled.
    pub(super) fn configured(limits: &QueueLimits, now: Instant) -> Self {
        let mut configured = Self::default();
        configured.configure(limits, now);
        configured
    }

    /// Replaces what a client has set.
    pub(super) fn configure(&mut self, limits: &QueueLimits, now: Instant) {
        self.rate.configure(limits.per_second, now);
        self.keys.configure(limits.per_second_of_key, now);
        self.weights = Weights::from(limits);
    }

    /// The weight of a task's key.
    pub(super) fn weight(&self, priority: &TaskPriority) -> f32 {
        self.weights.of(priority)
    }

    /// Counts a task that comes, and returns how many came before.
    pub(super) fn record_arrival(&mut self) -> u64 {
        self.arrived += 1;
        self.arrived - 1
    }

    /// Whether a task of the key may leave as far as its key's limit goes.
    pub(super) fn is_ready(&self, key: &FairnessKey, now: Instant) -> bool {
        self.keys.is_ready(key, now)
    }

    /// The instant at which the next task of one of these keys may leave; none if there is no key, or the rate is zero.
    pub(super) fn next<'a>(
        &self,
        keys: impl Iterator<Item = &'a FairnessKey>,
        now: Instant,
    ) -> Option<Instant> {
        let of_keys = self.keys.earliest(keys, now)?;
        Some(self.rate.next(now)?.max(of_keys))
    }

    /// Spends the tokens of a task that leaves.
    pub(super) fn record_task(&mut self, priority: &TaskPriority, now: Instant) {
        self.rate.record_task(now);
        self.keys.record_task(priority, &self.weights, now);
    }

    /// Returns the tokens of a task that did not leave after all.
    pub(super) fn return_tokens(&mut self, priority: &TaskPriority) {
        self.rate.return_token();
        self.keys.return_token(priority, &self.weights);
    }
}

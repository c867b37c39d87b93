//! Rate limit of a task queue, set by its workers.

use std::time::Duration;

use tokio::time::Instant;

/// Allows a number of tasks a second, and as many at once after a pause.
#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    /// Tasks a second as the last poll set it; none for no limit.
    per_second: Option<f64>,
    /// When the tokens spent so far are replenished.
    earned: Option<Instant>,
}

impl RateLimit {
    /// Sets the rate of a poll. A poll without a rate leaves the limit as it is, because workers of
    /// different versions share a queue.
    pub(crate) fn set(&mut self, per_second: Option<f64>) {
        if let Some(per_second) = per_second {
            self.per_second = Some(per_second);
        }
    }

    /// The rate in tasks a second; none for no limit.
    pub(crate) fn per_second(&self) -> Option<f64> {
        self.per_second
    }

    /// The instant at which the next task may leave; none if the rate is zero.
    pub(crate) fn next(&self, now: Instant) -> Option<Instant> {
        let Some(rate) = self.per_second else {
            return Some(now);
        };
        let interval = interval(rate)?;
        let burst = interval.mul_f64(rate.ceil().max(1.0) - 1.0);
        let earned = self.earned.unwrap_or(now);
        Some(earned.checked_sub(burst).unwrap_or(now).max(now))
    }

    /// Spends the token of a task that leaves.
    pub(crate) fn record_task(&mut self, now: Instant) {
        if let Some(interval) = self.per_second.and_then(interval) {
            self.earned = Some(self.earned.unwrap_or(now).max(now) + interval);
        }
    }
}

/// The interval between two tasks; none for a rate of zero.
fn interval(rate: f64) -> Option<Duration> {
    (rate > 0.0).then(|| match Duration::try_from_secs_f64(1.0 / rate) {
        Ok(interval) => interval.min(LONGEST),
        Err(_) => LONGEST,
    })
}

/// Upper bound, so that the sum stays within the range of an `Instant`.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_leaves_at_once_and_the_rest_at_the_rate() {
        let begin = Instant::now();
        let mut limit = RateLimit::default();
        limit.set(Some(2.0));
        let mut waits = Vec::new();
        for _ in 0..5 {
            let next = limit.next(Instant::now()).expect("it leaves");
            tokio::time::sleep_until(next).await;
            limit.record_task(Instant::now());
            waits.push(begin.elapsed().as_millis());
        }
        assert_eq!(waits, [0, 0, 500, 1000, 1500]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_of_zero_stops_the_queue_and_none_lets_all_through() {
        let now = Instant::now();
        let mut limit = RateLimit::default();
        limit.record_task(now);
        assert_eq!(limit.next(now), Some(now));
        limit.set(Some(0.0));
        assert_eq!(limit.next(now), None);
        limit.set(None);
        assert_eq!(limit.next(now), None, "a poll that asks for nothing");
        limit.set(Some(f64::MIN_POSITIVE));
        limit.record_task(now);
        assert!(limit.next(now) > Some(now));
    }
}

//! Rate limit of a task queue, set by a client or by its workers.

use tokio::time::Instant;

use super::pace::{Pace, interval};

/// Allows a number of tasks a second, and as many at once after a pause.
#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    /// Tasks a second as a client has configured it, instead of what polls set; none if it has not.
    configured: Option<f64>,
    /// Tasks a second as the last poll set it; none for no limit.
    polled: Option<f64>,
    /// When the tokens spent so far are replenished.
    earned: Option<Instant>,
}

/// Who has set a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RateSource {
    Client,
    Worker,
}

impl RateLimit {
    /// Sets or removes the rate of a client. No more than a burst of the new rate counts as spent, so that a queue
    /// that was slow or stopped goes on.
    pub(crate) fn configure(&mut self, configured: Option<f64>, now: Instant) {
        self.configured = configured;
        let spent = self.earned.zip(self.per_second().and_then(pace));
        self.earned = spent.map(|(earned, pace)| earned.min(now + pace.burst + pace.interval));
    }

    /// Sets the rate of a poll. A poll without a rate leaves the limit as it is, because workers of
    /// different versions share a queue.
    pub(crate) fn set(&mut self, per_second: Option<f64>) {
        if let Some(per_second) = per_second {
            self.polled = Some(per_second);
        }
    }

    /// The rate in tasks a second; none for no limit.
    fn per_second(&self) -> Option<f64> {
        self.configured.or(self.polled)
    }

    /// The rate of its workers; none for no limit.
    pub(crate) fn polled(&self) -> Option<f64> {
        self.polled
    }

    /// The rate in tasks a second, and who has set it; none for no limit.
    pub(crate) fn effective(&self) -> Option<(f64, RateSource)> {
        let configured = self.configured.map(|rate| (rate, RateSource::Client));
        configured.or_else(|| Some((self.polled?, RateSource::Worker)))
    }

    /// The instant at which the next task may leave; none if the rate is zero.
    pub(crate) fn next(&self, now: Instant) -> Option<Instant> {
        let Some(rate) = self.per_second() else {
            return Some(now);
        };
        Some(pace(rate)?.next(self.earned, now))
    }

    /// Spends the token of a task that leaves.
    pub(crate) fn record_task(&mut self, now: Instant) {
        if let Some(pace) = self.per_second().and_then(pace) {
            self.earned = Some(pace.spend(self.earned, now));
        }
    }

    /// Returns the token of a task that did not leave after all.
    pub(crate) fn return_token(&mut self) {
        if let Some((pace, earned)) = self.per_second().and_then(pace).zip(self.earned) {
            self.earned = Some(pace.give_back(earned));
        }
    }
}

/// As many tasks leave at once as may leave in a second; none for a rate of zero.
fn pace(rate: f64) -> Option<Pace> {
    let interval = interval(rate)?;
    let at_once = rate.ceil().max(1.0);
    Some(Pace {
        interval,
        burst: interval.mul_f64(at_once - 1.0),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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

    #[tokio::test(start_paused = true)]
    async fn a_rate_of_a_client_replaces_that_of_workers_until_it_is_removed() {
        let now = Instant::now();
        let mut limit = RateLimit::default();
        limit.configure(Some(0.001), now);
        limit.set(Some(5.0));
        assert_eq!(limit.effective(), Some((0.001, RateSource::Client)));
        limit.record_task(now);
        assert_eq!(limit.next(now), Some(now + Duration::from_secs(1000)));
        // What the slow rate has spent does not hold the faster one up.
        limit.configure(Some(1.0), now);
        assert_eq!(limit.next(now), Some(now + Duration::from_secs(1)));
        limit.configure(None, now);
        assert_eq!(limit.effective(), Some((5.0, RateSource::Worker)));
        assert_eq!(limit.next(now), Some(now + Duration::from_millis(200)));
    }
}

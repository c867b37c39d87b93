//! The pause that all share who repeat what a failing store has refused: executions that are recovered,
//! schedules that are woken, and deliveries. Each has its own growing delay, too, but thousands of those together would keep the store
//! and the log busy without learning anything new.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

/// Whether the store fails.
#[derive(Debug)]
pub(crate) struct Outage {
    /// The pause before the next attempt, in milliseconds; 0 while the store works.
    pause: AtomicU64,
    /// Whoever has the permit makes the next attempt.
    attempt: Semaphore,
}

/// The permission for one attempt.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    outage: &'a Outage,
    /// None if the store works, as far as is known.
    permit: Option<SemaphorePermit<'a>>,
}

impl Default for Outage {
    fn default() -> Self {
        Self {
            pause: AtomicU64::new(0),
            attempt: Semaphore::new(1),
        }
    }
}

impl Outage {
    /// The store has failed; returns whether that is new.
    pub(crate) fn begin(&self) -> bool {
        let (old, new) = (0, millis(FIRST_PAUSE));
        let changed = self
            .pause
            .compare_exchange(old, new, Ordering::Relaxed, Ordering::Relaxed);
        changed.is_ok()
    }

    /// A commit is durable: the store works.
    pub(crate) fn end(&self) {
        // A load is cheaper, and commits are many.
        if self.pause.load(Ordering::Relaxed) != 0 {
            self.pause.store(0, Ordering::Relaxed);
        }
    }

    /// Whether the store fails, as far as is known.
    #[cfg(test)]
    pub(crate) fn is_known(&self) -> bool {
        self.pause.load(Ordering::Relaxed) != 0
    }

    /// Waits for the turn to make an attempt: at once while the store works, one after another, each after
    /// the pause, while it fails.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        let mut turn = Turn {
            outage: self,
            permit: None,
        };
        if self.pause.load(Ordering::Relaxed) == 0 {
            return turn;
        }
        let permit = self.attempt.acquire().await;
        let permit = permit.expect("the semaphore is never closed");
        let pause = self.pause.load(Ordering::Relaxed);
        if pause > 0 {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            turn.permit = Some(permit);
        }
        turn
    }
}

impl Turn<'_> {
    /// The attempt has failed: the next pause is longer.
    pub(crate) fn failed(self) {
        if self.permit.is_none() {
            self.outage.begin();
            return;
        }
        let longer = |pause: u64| (pause > 0).then(|| (pause * 2).min(millis(LONGEST_PAUSE)));
        // It may have ended meanwhile.
        let _ = self
            .outage
            .pause
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, longer);
    }
}

fn millis(pause: Duration) -> u64 {
    u64::try_from(pause.as_millis()).expect("a short time")
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn attempts_are_made_one_after_another_while_the_store_fails() {
        let outage = Outage::default();
        let start = Instant::now();
        outage.turn().await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert!(outage.begin());
        assert!(!outage.begin());
        let attempt = async || outage.turn().await.failed();
        tokio::join!(attempt(), attempt(), attempt());
        assert_eq!(start.elapsed(), Duration::from_millis(100 + 200 + 400));
        for _ in 0..9 {
            attempt().await;
        }
        let before = Instant::now();
        attempt().await;
        assert_eq!(before.elapsed(), LONGEST_PAUSE);
        let (_, before) = (outage.end(), Instant::now());
        outage.turn().await;
        assert_eq!(before.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_wait_go_on_at_once_when_the_store_works() {
        let outage = Outage::default();
        let start = Instant::now();
        outage.begin();
        let attempt = async || {
            outage.turn().await;
            outage.end();
        };
        tokio::join!(attempt(), attempt(), attempt());
        assert_eq!(start.elapsed(), FIRST_PAUSE);
    }
}

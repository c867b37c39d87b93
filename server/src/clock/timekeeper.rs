//! The running clock: its time, and the counters that decide whether it may jump.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use durably_history::Time;
use tokio::sync::Notify;

use super::skipping::{Jump, LATEST, Skipping, count, system_now};
use super::{Clock, ClockKind};

/// The server's clock. Clones share its state.
#[derive(Clone, Debug)]
pub(crate) struct Timekeeper {
    /// `None`: a clock that does not skip.
    skipping: Option<Arc<Mutex<Skipping>>>,
    /// The time of a clock that does not skip.
    source: Source,
    /// Wakes the timer service; see [`Self::wake`].
    wake: Arc<Notify>,
    /// Notified when the amount of work changes; see [`Self::work_changed`].
    work_changed: Arc<Notify>,
}

/// Where a clock that does not skip reads its time.
#[derive(Clone, Copy, Debug)]
enum Source {
    Machine,
    #[cfg(feature = "simulation")]
    Simulated {
        start: tokio::time::Instant,
    },
}

impl Source {
    fn now(self) -> Time {
        match self {
            Self::Machine => system_now(),
            #[cfg(feature = "simulation")]
            Self::Simulated { start } => SIMULATED_START + start.elapsed(),
        }
    }
}

/// 2030-01-01.
#[cfg(feature = "simulation")]
const SIMULATED_START: Time = Time::from_unix_nanos(1_893_456_000 * 1_000_000_000);

/// Whether a client that sleeps in the server's time unlocks the clock meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sleep {
    /// The lock count stays.
    Locked,
    /// The lock count is one lower while the client sleeps.
    Unlocked,
}

impl Timekeeper {
    pub(crate) fn new(clock: Clock) -> Self {
        let (source, skipping) = match clock.0 {
            ClockKind::System => (Source::Machine, None),
            #[cfg(feature = "simulation")]
            ClockKind::Simulated { start } => (Source::Simulated { start }, None),
            ClockKind::Skipping { pace, locks } => {
                let mut skipping = Skipping::new(pace, locks);
                skipping.runs_since = skipping.delay().map(|delay| Instant::now() + delay);
                (Source::Machine, Some(Arc::new(Mutex::new(skipping))))
            }
        };
        Self {
            skipping,
            source,
            wake: Arc::default(),
            work_changed: Arc::default(),
        }
    }

    /// The server's time.
    pub(crate) fn now(&self) -> Time {
        match self.lock_state() {
            Some(skipping) => skipping.now(),
            None => self.source.now(),
        }
    }

    /// Whether a skipping clock can skip to `time`.
    pub(crate) fn can_skip_to(time: Time) -> bool {
        time <= LATEST
    }

    /// Whether the clock can skip.
    pub(crate) fn skips(&self) -> bool {
        self.skipping.is_some()
    }

    /// Whether the clock follows tokio's time, in a simulation on one thread.
    pub(crate) fn is_simulated(&self) -> bool {
        match self.source {
            Source::Machine => false,
            #[cfg(feature = "simulation")]
            Source::Simulated { .. } => true,
        }
    }

    /// Notified when the timer service must check its alarms again: an alarm is due earlier than
    /// before, or the clock may jump or has changed its pace.
    pub(crate) fn wake(&self) -> &Arc<Notify> {
        &self.wake
    }

    /// Notified whenever the amount of work changes.
    pub(crate) fn work_changed(&self) -> &Notify {
        &self.work_changed
    }

    /// The machine's time until `due`; `None` if the clock stands.
    pub(crate) fn machine_time_until(&self, due: Time) -> Option<Duration> {
        match self.lock_state() {
            None => Some(due.since(self.source.now())),
            Some(skipping) => skipping.runs_since.map(|since| {
                due.since(skipping.now()) + since.saturating_duration_since(Instant::now())
            }),
        }
    }

    /// Time that the clock has run at the machine's pace, without jumps.
    pub(crate) fn ran(&self) -> Duration {
        self.lock_state()
            .map_or(Duration::ZERO, |skipping| skipping.ran + skipping.running())
    }

    /// Adds a lock of the TestService.
    pub(crate) fn lock(&self) {
        self.change(|skipping| skipping.locks += 1);
    }

    /// Removes a lock; returns false if nothing can hold one. Runs and work count as holders, as in
    /// the test server that the other SDKs use: their clients unlock once for each result that they
    /// await, so several unlocks in a row are correct.
    pub(crate) fn unlock(&self) -> bool {
        let unlocked = self.change(|skipping| {
            let held = skipping.locks + skipping.runs + count(skipping.work);
            if held > 0 {
                skipping.locks -= 1;
            }
            held > 0
        });
        unlocked.unwrap_or(true)
    }

    /// Counts a client that sleeps in the server's time. Its own timer can hold a lock, so the
    /// clock is unlocked whatever the lock count is.
    pub(crate) fn begin_sleep(&self, sleep: Sleep) {
        self.change(|skipping| {
            skipping.sleepers += 1;
            if sleep == Sleep::Unlocked {
                skipping.unlocking_sleepers += 1;
                skipping.locks -= 1;
            }
        });
    }

    /// The counterpart of [`Self::begin_sleep`].
    pub(crate) fn end_sleep(&self, sleep: Sleep) {
        self.change(|skipping| {
            skipping.sleepers -= 1;
            if sleep == Sleep::Unlocked {
                skipping.unlocking_sleepers -= 1;
                skipping.locks += 1;
            }
        });
    }

    pub(super) fn begin_wait(&self) {
        self.change(|skipping| skipping.waits += 1);
    }

    pub(super) fn end_wait(&self) {
        self.change(|skipping| skipping.waits -= 1);
    }

    pub(super) fn begin_hold(&self) {
        self.change(|skipping| skipping.holds += 1);
    }

    pub(super) fn end_hold(&self) {
        self.change(|skipping| skipping.holds -= 1);
    }

    pub(crate) fn begin_advance(&self) {
        self.change(|skipping| skipping.advances += 1);
    }

    pub(crate) fn end_advance(&self) {
        self.change(|skipping| {
            skipping.advances -= 1;
            skipping.ignored_work = 0;
        });
    }

    /// Excludes the current work from what `Server::advance` waits for; returns whether there is
    /// any.
    pub(crate) fn ignore_current_work(&self) -> bool {
        let ignored_work = self.change(|skipping| {
            skipping.ignored_work = skipping.work;
            skipping.work > 0
        });
        ignored_work == Some(true)
    }

    /// Units of work that are pending or running.
    pub(crate) fn work(&self) -> usize {
        self.lock_state().map_or(0, |skipping| skipping.work)
    }

    /// Counts a started run.
    pub(crate) fn count_run(&self) {
        self.change(|skipping| skipping.runs += 1);
    }

    /// Replaces `before` units of work by `after`.
    pub(crate) fn replace_work(&self, before: usize, after: usize) {
        if before == after {
            return;
        }
        self.change(|skipping| {
            skipping.work = (skipping.work + after).saturating_sub(before);
            skipping.ignored_work = skipping.ignored_work.min(skipping.work);
        });
        if self.skips() {
            self.work_changed.notify_waiters();
        }
    }

    /// Jumps to the time that `next` returns, if the clock may. The lock is held meanwhile, so no
    /// work begins in between.
    pub(crate) fn jump(&self, next: impl FnOnce() -> Option<Time>) -> bool {
        let Some(mut skipping) = self.lock_state() else {
            return false;
        };
        let jump = skipping.jump(next);
        let now = skipping.now();
        drop(skipping);
        if let Jump::PastTheEnd(due) = jump {
            report_end(now, due);
        }
        jump == Jump::Done
    }

    /// Changes the counters, adapts the pace and wakes the timer service if the change matters to
    /// it.
    fn change<R>(&self, change: impl FnOnce(&mut Skipping) -> R) -> Option<R> {
        let mut skipping = self.lock_state()?;
        let before = skipping.delay();
        let result = change(&mut skipping);
        let after = skipping.delay();
        if before != after {
            skipping.set_pace(after);
        }
        let look = before != after || skipping.may_jump();
        drop(skipping);
        if look {
            self.wake.notify_one();
        }
        Some(result)
    }

    fn lock_state(&self) -> Option<MutexGuard<'_, Skipping>> {
        let skipping = self.skipping.as_ref()?;
        Some(skipping.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Logs that the clock has reached its last time; prints it to standard error if the program has no
/// subscriber, because a test that waits for ever has no other output.
fn report_end(now: Time, due: Time) {
    let text = "the server's clock stops skipping: the next timer is due after the year 2261, the \
                last that the clock can represent; a common cause is a workflow that waits for \
                timers in an endless loop";
    let (now, due) = (stamp(now), stamp(due));
    let unheard = tracing::dispatcher::get_default(|current| {
        current.is::<tracing::subscriber::NoSubscriber>()
    });
    match unheard {
        true => eprintln!("durably WARN {text} now={now} due={due}"),
        false => tracing::warn!(now, due, "{text}"),
    }
}

/// Seconds since 1970: enough for a time that is centuries ahead.
fn stamp(time: Time) -> i64 {
    time.as_unix_nanos() / 1_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn jumps(clock: &Timekeeper) -> bool {
        let before = clock.now();
        clock.jump(|| Some(before + DAY)) && clock.now() >= before + DAY
    }

    #[test]
    fn it_stands_while_nothing_waits() {
        let clock = Timekeeper::new(Clock::skipping());
        let before = clock.now();
        assert!(!jumps(&clock));
        assert_eq!(clock.machine_time_until(before + DAY), None);
        assert_eq!(clock.now(), before);
    }

    #[test]
    fn a_wait_lets_it_jump_only_while_nothing_is_at_work() {
        let clock = Timekeeper::new(Clock::skipping());
        clock.replace_work(0, 2);
        clock.begin_wait();
        assert!(!jumps(&clock));
        clock.replace_work(2, 0);
        assert!(jumps(&clock));
        clock.end_wait();
        assert!(!jumps(&clock));
    }

    #[test]
    fn a_held_clock_stands_whoever_waits_and_moves_when_told() {
        let clock = Timekeeper::new(Clock::skipping());
        clock.begin_wait();
        clock.begin_wait();
        clock.begin_hold();
        assert!(!jumps(&clock));
        clock.begin_advance();
        assert!(jumps(&clock));
        clock.end_advance();
        clock.end_hold();
        assert!(jumps(&clock));
    }

    #[test]
    fn work_that_lasts_lets_it_run() {
        let clock = Timekeeper::new(Clock::skipping());
        clock.replace_work(0, 1);
        let wait = clock.machine_time_until(clock.now() + DAY);
        assert!(wait.is_some_and(|wait| wait > DAY), "after a while only");
        clock.begin_hold();
        assert_eq!(clock.machine_time_until(clock.now() + DAY), None);
    }

    #[test]
    fn locks_and_unlocks_balance() {
        let clock = Timekeeper::new(Clock::test_server());
        assert!(clock.unlock());
        assert!(!clock.unlock(), "nothing is locked");
        assert!(jumps(&clock));
        clock.count_run();
        assert!(clock.unlock(), "the wait for a run's result unlocks");
        clock.lock();
        clock.lock();
        assert!(!jumps(&clock));
    }

    #[test]
    fn waits_side_by_side_do_not_pass_over_work_but_a_sleep_does() {
        let clock = Timekeeper::new(Clock::test_server());
        clock.count_run();
        clock.count_run();
        clock.replace_work(0, 1);
        assert!(clock.unlock() && clock.unlock());
        assert!(!jumps(&clock));
        clock.begin_sleep(Sleep::Unlocked);
        assert!(jumps(&clock));
        clock.end_sleep(Sleep::Unlocked);
        assert!(!jumps(&clock));
    }

    #[test]
    fn a_test_servers_clock_runs_while_it_is_locked() {
        let clock = Timekeeper::new(Clock::test_server());
        assert!(clock.machine_time_until(clock.now() + DAY).is_some());
        assert!(!jumps(&clock));
        assert!(jumps(&Timekeeper::new(Clock::test_server().unlocked())));
    }

    #[test]
    fn it_does_not_jump_to_the_end_of_time() {
        let clock = Timekeeper::new(Clock::skipping().unlocked());
        assert!(clock.jump(|| Some(LATEST)));
        assert!(!clock.jump(|| Some(LATEST + Duration::from_nanos(1))));
        assert_eq!(clock.now(), LATEST);
    }

    #[test]
    fn the_system_clock_never_skips() {
        let clock = Timekeeper::new(Clock::system());
        assert!(!clock.skips());
        assert!(!jumps(&clock));
        assert!(clock.unlock(), "there is nothing to balance");
    }
}

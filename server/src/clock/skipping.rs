//! State of a skipping clock: counts waits, holds and work, and decides whether the clock may jump.

use std::time::{Duration, Instant, SystemTime};

use durably_history::Time;

use super::Pace;

/// The state of a skipping clock.
#[derive(Debug)]
pub(super) struct Skipping {
    /// The time at which `runs_since` was set; the current time while the clock stands.
    pub(super) at: Time,
    /// The instant since which the clock runs at the machine's pace; in the future during
    /// [`WORK_GRACE`].
    pub(super) runs_since: Option<Instant>,
    pub(super) pace: Pace,
    /// Locks minus unlocks of the TestService. Negative while several results are awaited at a
    /// time: each wait of another SDK unlocks once and locks once.
    pub(super) locks: i64,
    /// Waits in this process that let the clock skip.
    pub(super) waits: i64,
    /// [`ClockHold`](super::ClockHold)s.
    pub(super) holds: usize,
    /// Pending and running workflow tasks, activities, queries, and inputs being applied.
    pub(super) work: usize,
    /// Runs that were ever started; each is a result that a client may await.
    pub(super) runs: i64,
    /// Clients that sleep in the server's time, and those of them that unlocked the clock for it.
    pub(super) sleepers: usize,
    pub(super) unlocking_sleepers: usize,
    /// Calls of `Server::advance` in progress.
    pub(super) advances: usize,
    /// Work that `Server::advance` no longer waits for, because it has made no progress for long.
    pub(super) ignored_work: usize,
    /// Total time that the clock has run at the machine's pace.
    pub(super) ran: Duration,
    /// The warning that the clock reached [`LATEST`] was logged.
    pub(super) end_reported: bool,
}

/// Result of an attempt to jump.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Jump {
    Done,
    No,
    /// The next timer is due beyond [`LATEST`].
    PastTheEnd(Time),
}

impl Skipping {
    pub(super) fn new(pace: Pace, locks: i64) -> Self {
        Self {
            at: system_now(),
            runs_since: None,
            pace,
            locks,
            waits: 0,
            holds: 0,
            work: 0,
            runs: 0,
            sleepers: 0,
            unlocking_sleepers: 0,
            advances: 0,
            ignored_work: 0,
            ran: Duration::ZERO,
            end_reported: false,
        }
    }

    pub(super) fn now(&self) -> Time {
        self.at + self.running()
    }

    /// Time that the clock has run since its pace was set.
    pub(super) fn running(&self) -> Duration {
        self.runs_since.map_or(Duration::ZERO, |since| {
            Instant::now().saturating_duration_since(since)
        })
    }

    /// Delay after which the clock runs at the machine's pace; `None` while it stands.
    pub(super) fn delay(&self) -> Option<Duration> {
        if self.holds > 0 {
            return None;
        }
        match self.pace {
            Pace::Machine => Some(Duration::ZERO),
            Pace::Still if self.sleepers > 0 => Some(Duration::ZERO),
            Pace::Still => (self.work > 0).then_some(WORK_GRACE),
        }
    }

    pub(super) fn set_pace(&mut self, delay: Option<Duration>) {
        let running = self.running();
        self.at = self.at + running;
        self.ran += running;
        self.runs_since = delay.map(|delay| Instant::now() + delay);
    }

    /// `Server::advance` only waits for work; every other jump also needs the clock to be unlocked.
    pub(super) fn may_jump(&self) -> bool {
        if self.advances > 0 && self.work <= self.ignored_work {
            return true;
        }
        if self.holds > 0 {
            return false;
        }
        // Requests and work share one counter, as in the test server of the other SDKs: there a
        // client that unlocks to sleep while another one waits for a result passes over running
        // work. A wait alone never does.
        let locks = self.locks - self.waits;
        match self.unlocking_sleepers > 0 {
            true => locks.saturating_add(count(self.work)) <= 0,
            false => locks <= 0 && self.work == 0,
        }
    }

    pub(super) fn jump(&mut self, next: impl FnOnce() -> Option<Time>) -> Jump {
        if !self.may_jump() {
            return Jump::No;
        }
        let Some(due) = next() else {
            return Jump::No;
        };
        if due > LATEST {
            let report = !std::mem::replace(&mut self.end_reported, true);
            return match report {
                true => Jump::PastTheEnd(due),
                false => Jump::No,
            };
        }
        if due > self.now() {
            let running = self.running();
            self.ran += running;
            self.at = due;
            self.runs_since = self.delay().map(|_| match self.runs_since {
                // A grace period that has not passed yet is kept.
                Some(since) => since.max(Instant::now()),
                None => Instant::now(),
            });
        }
        Jump::Done
    }
}

pub(super) fn count(work: usize) -> i64 {
    i64::try_from(work).unwrap_or(i64::MAX)
}

/// The machine's time, clamped to the years 1970 to 2262.
pub(super) fn system_now() -> Time {
    let nanos = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
        });
    Time::from_unix_nanos(nanos)
}

/// The last time that the clock skips to: the end of 2261. Nanoseconds in an `i64` end in April
/// 2262; the months between keep the deadlines of work in progress from being clamped to one
/// moment.
pub(super) const LATEST: Time = Time::from_unix_nanos(9_214_646_400 * 1_000_000_000);

/// How long work may take before the clock of an in-process server runs at the machine's pace.
/// Below it a test's times are exact, because work takes no time.
pub(super) const WORK_GRACE: Duration = Duration::from_secs(1);

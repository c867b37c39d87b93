//! Time is asked from one place. It is the system's, or it skips: whenever nothing is running it
//! jumps to the next timer, so a workflow that sleeps a month is tested in milliseconds.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use durably_history::Time;

/// Which time the server's timers and timeouts go by.
///
/// # Example: a server that skips time
/// ```
/// # use durably_server::{Clock, Server};
/// # async fn start() -> Result<(), durably_server::StartError> {
/// let server = Server::builder().clock(Clock::skipping()).start().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock(pub(crate) Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    System,
    Skipping { locks: u64 },
}

impl Clock {
    /// The time of the machine.
    pub const fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that jumps to the next due timer whenever nothing is running: no workflow task and
    /// no activity task waits or is being worked on, no query and no update is on its way.
    ///
    /// It never jumps over a timeout of work that is in progress, as then something is running.
    pub const fn skipping() -> Self {
        Self(Kind::Skipping { locks: 0 })
    }

    /// A skipping clock that holds still until a client unlocks it through the TestService, as
    /// the test environments of the other SDKs do while they await a result.
    pub const fn skipping_once_unlocked() -> Self {
        Self(Kind::Skipping { locks: 1 })
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

/// The clock at work: what time it is, and whether it may jump.
#[derive(Debug)]
pub(crate) struct Timekeeper {
    /// How far the clock is ahead of the system's, in nanoseconds; grows with every jump.
    ahead: AtomicI64,
    /// Lock counter of the TestService; `None` when the clock does not skip at all.
    locks: Option<Mutex<u64>>,
}

impl Timekeeper {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            ahead: AtomicI64::new(0),
            locks: match clock.0 {
                Kind::System => None,
                Kind::Skipping { locks } => Some(Mutex::new(locks)),
            },
        }
    }

    /// The server's time.
    pub(crate) fn now(&self) -> Time {
        let ahead = self.ahead.load(Ordering::Acquire);
        Time::from_unix_nanos(system_nanos().saturating_add(ahead))
    }

    /// Whether the clock can skip, locked or not.
    pub(crate) fn skips(&self) -> bool {
        self.locks.is_some()
    }

    /// Whether the clock may jump now.
    pub(crate) fn is_unlocked(&self) -> bool {
        self.locks
            .as_ref()
            .is_some_and(|locks| *locks.lock().unwrap_or_else(PoisonError::into_inner) == 0)
    }

    /// Holds the clock until the matching [`Self::unlock`].
    pub(crate) fn lock(&self) {
        if let Some(locks) = &self.locks {
            *locks.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
    }

    /// Gives one lock back. `false`: there was none.
    pub(crate) fn unlock(&self) -> bool {
        let Some(locks) = &self.locks else {
            return true;
        };
        let mut locks = locks.lock().unwrap_or_else(PoisonError::into_inner);
        match locks.checked_sub(1) {
            Some(left) => {
                *locks = left;
                true
            }
            None => false,
        }
    }

    /// Moves the clock to `time`, never back.
    pub(crate) fn advance_to(&self, time: Time) {
        let ahead = time.as_unix_nanos().saturating_sub(system_nanos());
        self.ahead.fetch_max(ahead, Ordering::AcqRel);
    }
}

/// The machine's time; what lies before 1970 or after 2262 is cut to that.
fn system_nanos() -> i64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
        })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    #[test]
    fn it_moves_forward_only() {
        let clock = Timekeeper::new(Clock::skipping());
        let tomorrow = clock.now() + DAY;
        clock.advance_to(tomorrow);
        assert!(clock.now() >= tomorrow);
        clock.advance_to(Time::default());
        assert!(clock.now() >= tomorrow);
    }

    #[test]
    fn every_lock_needs_its_unlock() {
        let clock = Timekeeper::new(Clock::skipping());
        assert!(clock.is_unlocked());
        clock.lock();
        clock.lock();
        assert!(clock.unlock());
        assert!(!clock.is_unlocked());
        assert!(clock.unlock());
        assert!(clock.is_unlocked());
        assert!(!clock.unlock(), "nothing is locked any more");
    }

    #[test]
    fn the_system_clock_never_skips() {
        let clock = Timekeeper::new(Clock::system());
        assert!(!clock.skips());
        assert!(!clock.is_unlocked());
    }
}

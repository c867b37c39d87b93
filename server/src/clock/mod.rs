//! The server's clock: the machine's, or one that skips to the next timer while a test waits.
//!
//! [`Clock`] is the setting, [`timekeeper`] the running clock, [`skipping`] the counters that
//! decide whether it may jump, [`wait`] the guards that let it skip or hold it still.

mod skipping;
mod timekeeper;
pub(crate) mod wait;

pub(crate) use self::timekeeper::{Sleep, Timekeeper};
pub use self::wait::{ClockHold, SkipsTime};
pub(crate) use self::wait::{WorkGuard, WorkUnits};

/// Setting of the clock that drives the server's timers and timeouts.
///
/// # Example: a server that skips time
/// ```
/// # use durably_server::{Clock, Server};
/// # async fn start() -> Result<(), durably_server::StartError> {
/// let server = Server::builder().clock(Clock::skipping()).start().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Example: a server for the test environment of another SDK
/// ```
/// use durably_server::{Clock, Server};
///
/// # async fn start() -> Result<(), durably_server::StartError> {
/// let server = Server::builder().port(7233).clock(Clock::test_server()).start().await?;
/// # Ok(())
/// # }
/// assert_eq!(Clock::default(), Clock::system());
/// // Skips without a request that waits.
/// let clock = Clock::skipping().unlocked();
/// assert_ne!(clock, Clock::skipping());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock(pub(crate) ClockKind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockKind {
    System,
    /// tokio's time, which the simulation pauses.
    #[cfg(feature = "simulation")]
    Simulated {
        start: tokio::time::Instant,
    },
    Skipping {
        pace: Pace,
        locks: i64,
    },
}

/// How a skipping clock runs while it does not skip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// The clock stands still.
    Still,
    /// The clock runs at the machine's pace.
    Machine,
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(ClockKind::System)
    }

    /// tokio's time, which begins in 2030 at `start`.
    #[cfg(feature = "simulation")]
    pub(crate) const fn simulated(start: tokio::time::Instant) -> Self {
        Self(ClockKind::Simulated { start })
    }

    /// A skipping clock for tests in the server's process. The clock stands still until a request
    /// that carries [`SkipsTime`] waits for a result or an update, or
    /// [`Server::advance`](crate::Server::advance) moves it.
    ///
    /// While such a request waits, the clock jumps to the next timer whenever no workflow task and
    /// no activity is pending or running. Work that takes longer than a second lets the clock run
    /// at the machine's pace meanwhile; otherwise the timeouts of lost work would never fire.
    pub const fn skipping() -> Self {
        Self(ClockKind::Skipping {
            pace: Pace::Still,
            locks: 1,
        })
    }

    /// A skipping clock for the test environments of other SDKs: it runs at the machine's pace, and
    /// skips while a client has unlocked it through the TestService, as those environments do while
    /// they await a result.
    pub const fn test_server() -> Self {
        Self(ClockKind::Skipping {
            pace: Pace::Machine,
            locks: 1,
        })
    }

    /// Removes the clock's initial lock: the clock skips from the start, without a waiting request.
    /// A client can still lock it through the TestService.
    pub const fn unlocked(self) -> Self {
        match self.0 {
            ClockKind::System => self,
            #[cfg(feature = "simulation")]
            ClockKind::Simulated { .. } => self,
            ClockKind::Skipping { pace, .. } => Self(ClockKind::Skipping { pace, locks: 0 }),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

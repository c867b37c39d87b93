//! The server's time: the machine's, or a clock that skips to the next timer while a test waits.
//!
//! [`Clock`] is the setting, [`timekeeper`] the clock at work,
//! [`skipping`] the accounts that decide whether it may jump, [`wait`] the guards that let it skip
//! or hold it.

mod skipping;
mod timekeeper;
pub(crate) mod wait;

pub(crate) use self::timekeeper::{Sleep, Timekeeper};
pub use self::wait::{ClockHold, SkipsTime};

/// The clock of the server's timers and timeouts.
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
pub struct Clock(pub(crate) ClockKind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockKind {
    System,
    Skipping { pace: Pace, locks: i64 },
}

/// What a skipping clock does while it does not skip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// It stands still.
    Still,
    /// It runs as the machine's clock does.
    Machine,
}

impl Clock {
    /// The time of the machine.
    pub const fn system() -> Self {
        Self(ClockKind::System)
    }

    /// A clock for tests in the server's own process. It stands still until a request that carries
    /// [`SkipsTime`] waits for a result or an update, or [`Server::advance`](crate::Server::advance)
    /// moves it.
    ///
    /// While a request waits, the clock jumps to the next timer whenever no workflow task and no
    /// activity is pending or running. Work that takes longer than a second lets the clock run at
    /// the machine's pace meanwhile, so that the timeouts of lost work still fire.
    pub const fn skipping() -> Self {
        Self(ClockKind::Skipping {
            pace: Pace::Still,
            locks: 1,
        })
    }

    /// The clock of a test server for the SDKs of other languages: it runs at the machine's pace,
    /// and skips while a client has unlocked it through the TestService, as their test environments
    /// do while they wait for a result.
    pub const fn test_server() -> Self {
        Self(ClockKind::Skipping {
            pace: Pace::Machine,
            locks: 1,
        })
    }

    /// The same clock without its initial lock: it skips from the start, whoever waits. A client
    /// can still lock it through the TestService.
    pub const fn unlocked(self) -> Self {
        match self.0 {
            ClockKind::System => self,
            ClockKind::Skipping { pace, .. } => Self(ClockKind::Skipping { pace, locks: 0 }),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

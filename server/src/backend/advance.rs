//! `Server::advance`: moves a skipping clock explicitly.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::Backend;
use crate::clock::Timekeeper;

/// Error of [`Server::advance`](crate::Server::advance).
///
/// ```
/// use std::time::Duration;
///
/// use durably_server::{AdvanceError, Server};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), durably_server::StartError> {
/// let server = Server::start().await?;
/// let error = server.advance(Duration::from_secs(1)).await.unwrap_err();
/// assert_eq!(error, AdvanceError::NotSkipping);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdvanceError {
    /// The server runs on the machine's clock.
    NotSkipping,
    /// The target lies after the end of 2261, the last time that the clock skips to.
    TooFar(Duration),
    /// The server stopped before the clock reached its target.
    Stopped,
}

/// Guard that counts an advance in progress.
struct Advance<'a>(&'a Timekeeper);

impl Backend {
    /// Advances the clock by `by`: timers fire in order, each after the work that the one before it
    /// caused has ended.
    pub(crate) async fn advance(self: &Arc<Self>, by: Duration) -> Result<(), AdvanceError> {
        if !self.clock.skips() {
            return Err(AdvanceError::NotSkipping);
        }
        let (from, ran) = (self.clock.now(), self.clock.ran());
        // Time that work takes is added to the target; otherwise a timer that is set after it would
        // miss the target by as much.
        let target = || from + by + (self.clock.ran() - ran);
        if !Timekeeper::can_skip_to(from + by) {
            return Err(AdvanceError::TooFar(by));
        }
        let moving = async {
            let mut time = target();
            // The alarm is set before the clock may jump; otherwise it could jump past the target, to the next timer.
            let mut sleeper = self.timers.sleeper(time);
            let advance = Advance::begin(&self.clock);
            let wake_guard = loop {
                let (wake_guard, hung) = self.wait_past_hung_work(sleeper.woken()).await;
                match target() {
                    // While work hangs, the clock runs, and a target that moves with it would never
                    // be reached.
                    later if later > time && !hung => {
                        time = later;
                        // The new alarm is set before the guard is dropped; otherwise the clock
                        // could jump past the new target.
                        sleeper = self.timers.sleeper(time);
                        drop(wake_guard);
                    }
                    _ => break wake_guard,
                }
            };
            drop(advance);
            self.wait_for_idle().await;
            drop(wake_guard);
        };
        tokio::select! {
            () = moving => Ok(()),
            () = self.stopped() => Err(AdvanceError::Stopped),
        }
    }

    /// Drives a wait for the clock; returns whether hung work was passed over. Work without
    /// progress is not waited for for ever: that is how a test lets the timeout of an activity that
    /// hangs pass.
    async fn wait_past_hung_work<T>(&self, wait: impl Future<Output = T>) -> (T, bool) {
        let mut wait = std::pin::pin!(wait);
        let mut hung = false;
        loop {
            let work_changed = self.clock.work_changed().notified();
            tokio::select! {
                biased;
                done = &mut wait => return (done, hung),
                () = work_changed => {}
                () = tokio::time::sleep(HUNG_AFTER) => {
                    hung |= self.clock.ignore_current_work();
                }
            }
        }
    }

    /// Waits until the work of the last timers has ended, or hangs. The caller's own wake guard is
    /// one unit of work.
    async fn wait_for_idle(&self) {
        loop {
            let work_changed = self.clock.work_changed().notified();
            if self.clock.work() <= 1 {
                return;
            }
            tokio::select! {
                () = work_changed => {}
                () = tokio::time::sleep(HUNG_AFTER) => return,
            }
        }
    }
}

impl<'a> Advance<'a> {
    fn begin(clock: &'a Timekeeper) -> Self {
        clock.begin_advance();
        Self(clock)
    }
}

impl Drop for Advance<'_> {
    fn drop(&mut self) {
        self.0.end_advance();
    }
}

impl fmt::Display for AdvanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSkipping => f.write_str(
                "the server's clock is the machine's and cannot be moved; start the server with \
                 a skipping clock",
            ),
            Self::TooFar(by) => write!(
                f,
                "the clock cannot move by {by:?}: it would pass the year 2261, near the end of \
                 the time that it can represent"
            ),
            Self::Stopped => f.write_str("the server stopped before the clock had moved"),
        }
    }
}

impl std::error::Error for AdvanceError {}

/// How long pending work may make no progress, in the machine's time, before an advance passes over
/// it. Much longer than a task of a test takes on a busy machine.
const HUNG_AFTER: Duration = Duration::from_secs(5);

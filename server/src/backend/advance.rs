//! The explicit move of the clock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::Backend;
use crate::clock::Timekeeper;

/// Why [`Server::advance`](crate::Server::advance) did not move the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdvanceError {
    /// The clock is the machine's.
    NotSkipping,
    /// The clock would pass the end of 2261.
    TooFar(Duration),
    /// The server stopped meanwhile.
    Stopped,
}

/// An explicit move in progress.
struct Advance<'a>(&'a Timekeeper);

impl Backend {
    /// Moves the clock by `by`: timers fire one after another, each when what the one before it led
    /// to is done, and the clock stops at its target.
    pub(crate) async fn advance(self: &Arc<Self>, by: Duration) -> Result<(), AdvanceError> {
        if !self.clock.skips() {
            return Err(AdvanceError::NotSkipping);
        }
        let (from, ran) = (self.clock.now(), self.clock.ran());
        // Time that work takes is not part of the move, or a timer that is set after it would miss
        // the target by as much.
        let target = || from + by + (self.clock.ran() - ran);
        if !Timekeeper::can_skip_to(from + by) {
            return Err(AdvanceError::TooFar(by));
        }
        let moving = async {
            let advance = Advance::begin(&self.clock);
            let mut time = target();
            let mut sleeper = self.timers.sleeper(time);
            let standstill = loop {
                let (standstill, hung) = self.wait_past_hung_work(sleeper.woken()).await;
                match target() {
                    // While work hangs, the clock and such a target would run side by side.
                    later if later > time && !hung => {
                        time = later;
                        // Set before the clock is let go, or it would jump over the new target.
                        sleeper = self.timers.sleeper(time);
                        drop(standstill);
                    }
                    _ => break standstill,
                }
            };
            drop(advance);
            self.wait_for_idle().await;
            drop(standstill);
        };
        tokio::select! {
            () = moving => Ok(()),
            () = self.stopped() => Err(AdvanceError::Stopped),
        }
    }

    /// Drives a wait for the clock, and says whether it passed over work. Work to which nothing
    /// happens for a long time does not delay it for ever: that is how a test lets the timeout of
    /// an activity that hangs pass.
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

    /// Waits until what the last timers led to is done, or hangs. The caller's own standstill is
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

/// How long nothing may happen to pending work, in the machine's time, before an explicit move
/// passes over it. Much longer than a task of a test takes on a busy machine.
const HUNG_AFTER: Duration = Duration::from_secs(5);

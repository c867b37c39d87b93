//! Guards of a skipping clock: a wait that lets it skip; work and holds that keep it still.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Timekeeper;

/// Request extension that lets a [skipping](super::Clock::skipping) clock skip while the request
/// waits. Only a client in the same process can set it.
///
/// It applies to requests that wait for a workflow's result or for an update.
///
/// ```
/// use durably_server::SkipsTime;
///
/// let mut request = tonic::Request::new("any message that waits for a result");
/// request.extensions_mut().insert(SkipsTime);
/// assert!(request.extensions().get::<SkipsTime>().is_some());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SkipsTime;

/// A wait that lets the clock skip until it ends.
///
/// The event that is waited for ends the wait itself, under the lock of the execution: if the
/// waiting task ended it, the clock could jump past the event before that task runs. Dropping the
/// guard only ends waits that are cancelled.
#[derive(Debug)]
pub(crate) struct Wait {
    clock: Timekeeper,
    over: AtomicBool,
}

/// The waiting side of a [`Wait`].
#[derive(Debug)]
pub(crate) struct WaitGuard(Arc<Wait>);

impl Wait {
    /// Begins a wait.
    pub(crate) fn begin(clock: &Timekeeper) -> Arc<Self> {
        clock.begin_wait();
        Arc::new(Self {
            clock: clock.clone(),
            over: AtomicBool::new(false),
        })
    }

    /// Ends the wait. Later calls have no effect.
    pub(crate) fn end(&self) {
        if !self.over.swap(true, Ordering::AcqRel) {
            self.clock.end_wait();
        }
    }

    /// Whether the wait is over.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}

impl WaitGuard {
    pub(crate) fn new(wait: Arc<Wait>) -> Self {
        Self(wait)
    }
}

impl Drop for WaitGuard {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// One unit of work: while the guard lives, a skipping clock does not jump.
#[derive(Debug)]
pub(crate) struct WorkGuard(Timekeeper);

impl WorkGuard {
    /// Counts one unit of work.
    pub(crate) fn begin(clock: &Timekeeper) -> Self {
        clock.replace_work(0, 1);
        Self(clock.clone())
    }
}

/// Units of work, which end with this.
#[derive(Debug)]
pub(crate) struct WorkUnits {
    clock: Timekeeper,
    units: usize,
}

impl WorkUnits {
    /// Replaces the units that are counted; `None` counts none.
    pub(crate) fn replace(counted: &mut Option<Self>, units: usize, clock: &Timekeeper) {
        let before = counted.as_ref().map_or(0, |counted| counted.units);
        clock.replace_work(before, units);
        if let Some(mut counted) = counted.take() {
            counted.units = 0;
        }
        *counted = (units > 0).then(|| Self {
            clock: clock.clone(),
            units,
        });
    }
}

impl Drop for WorkUnits {
    fn drop(&mut self) {
        self.clock.replace_work(self.units, 0);
    }
}

impl Drop for WorkGuard {
    fn drop(&mut self) {
        self.0.replace_work(1, 0);
    }
}

/// Guard that holds a skipping clock still until it is dropped; created by
/// [`Server::hold_clock`](crate::Server::hold_clock).
///
/// ```
/// use std::time::Duration;
///
/// use durably_server::{Clock, ClockHold, Server};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder().clock(Clock::skipping()).start().await?;
/// let hold: ClockHold = server.hold_clock();
/// let held_at = server.now();
/// server.advance(Duration::from_secs(60)).await?;
/// assert_eq!(server.now().duration_since(held_at)?, Duration::from_secs(60));
/// drop(hold);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the clock is held until this is dropped"]
pub struct ClockHold(Timekeeper);

impl ClockHold {
    pub(crate) fn new(clock: &Timekeeper) -> Self {
        clock.begin_hold();
        Self(clock.clone())
    }
}

impl Drop for ClockHold {
    fn drop(&mut self) {
        self.0.end_hold();
    }
}

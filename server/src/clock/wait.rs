//! Guards of a skipping clock: a wait that lets it skip, and a hold that keeps it still.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Timekeeper;

/// Marks a request whose wait lets a [skipping](super::Clock::skipping) clock skip: an extension of
/// the request, which only a client in this process can set.
///
/// It has a meaning where a request waits for the end of a run or for an update.
#[derive(Clone, Copy, Debug, Default)]
pub struct SkipsTime;

/// A wait that lets the clock skip until it is over.
///
/// The clock must not move between the event that ends a wait and the moment at which the waiting
/// task notices: it would pass what was waited for. So the event itself ends the wait, under the
/// lock of the execution, and dropping the guard is for waits that are given up.
#[derive(Debug)]
pub(crate) struct Wait {
    clock: Timekeeper,
    over: AtomicBool,
}

/// The waiting side of a [`Wait`].
#[derive(Debug)]
pub(crate) struct WaitGuard(Arc<Wait>);

impl Wait {
    /// Lets the clock skip.
    pub(crate) fn begin(clock: &Timekeeper) -> Arc<Self> {
        clock.begin_wait();
        Arc::new(Self {
            clock: clock.clone(),
            over: AtomicBool::new(false),
        })
    }

    /// Ends the wait; for good, however often.
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

/// Keeps the clock still until it is dropped; made by
/// [`Server::hold_clock`](crate::Server::hold_clock).
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

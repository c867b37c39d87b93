//! Who wakes a run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::Wake,
};

use super::inside;

/// The waker all futures of a run are polled with.
///
/// Whatever a workflow may wait for is told by a job or done by the run itself, so a wake comes from
/// the run's own thread while its code runs. Any other wake betrays a future that the workflow may not
/// await: a timer of the process, a channel of another thread. Replay cannot repeat that.
#[derive(Debug, Default)]
pub(super) struct RunWaker {
    /// A future of the run asks to be polled again.
    own: AtomicBool,
    /// Something outside of the run woke it.
    foreign: AtomicBool,
}

impl RunWaker {
    /// Tells this run from all others; it runs while [`inside::enter`] holds this.
    pub(super) fn id(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self).addr()
    }

    pub(super) fn take_own(&self) -> bool {
        self.own.swap(false, Relaxed)
    }

    pub(super) fn was_foreign(&self) -> bool {
        self.foreign.load(Relaxed)
    }
}

impl Wake for RunWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if inside::current() == self.id() {
            self.own.store(true, Relaxed);
        } else {
            self.foreign.store(true, Relaxed);
        }
    }
}

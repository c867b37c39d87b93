//! Who wakes a run.

use std::{
    fmt,
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
///
/// Channels, locks and combinators inside the run keep clones of this waker as foreign code does, so
/// a clone alone proves nothing; the wake does.
#[derive(Debug, Default)]
pub(super) struct RunWaker {
    /// A future of the run asks to be polled again.
    own: AtomicBool,
    /// Something outside of the run woke it, or would do so in vain.
    foreign: AtomicBool,
    /// The foreign wake has been told of.
    told: AtomicBool,
    /// Rung by the first foreign wake.
    alarm: Alarm,
}

/// Rung, on whichever thread, when something outside of a run wakes it.
#[derive(Clone, Default)]
pub(crate) struct Alarm(Option<Arc<dyn Fn() + Send + Sync>>);

impl RunWaker {
    pub(super) fn new(alarm: Alarm) -> Self {
        Self {
            alarm,
            ..Self::default()
        }
    }

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

    /// The run is gone: whoever wakes it from now on is nobody's business.
    pub(super) fn retire(&self) {
        self.foreign.store(true, Relaxed);
    }

    /// Whether a foreign wake is to be told of; once.
    pub(super) fn take_untold(&self) -> bool {
        self.was_foreign() && !self.told.swap(true, Relaxed)
    }
}

impl Wake for RunWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if inside::current() == self.id() {
            self.own.store(true, Relaxed);
        } else if !self.foreign.swap(true, Relaxed) {
            self.alarm.ring();
        }
    }
}

impl Alarm {
    pub(crate) fn new(ring: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(ring)))
    }

    fn ring(&self) {
        if let Some(ring) = &self.0 {
            ring();
        }
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alarm")
    }
}

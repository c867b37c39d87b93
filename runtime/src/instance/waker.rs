//! Who wakes a run, and which of its coroutines.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Wake, Waker},
};

use super::{coroutine::CoroutineId, current};

/// What the wakers of one run share.
///
/// Whatever a workflow may wait for is told by a job or done by the run itself, so a wake comes from
/// the run's own thread while its code runs. Any other wake betrays a future that the workflow may not
/// await: a timer of the process, a channel of another thread. Replay cannot repeat that.
///
/// Channels, locks and combinators inside the run keep clones of its wakers as foreign code does, so
/// a clone alone proves nothing; the wake does.
#[derive(Debug, Default)]
pub(crate) struct RunWaker {
    /// A future of the run has to be polled again.
    own: AtomicBool,
    /// The coroutines that were woken.
    woken: Mutex<Vec<CoroutineId>>,
    /// Something outside of the run woke it, or would do so in vain.
    foreign: AtomicBool,
    /// The foreign wake has been logged.
    logged: AtomicBool,
    /// Woken by the first foreign wake.
    executor: ExecutorWaker,
}

/// Wakes the executor thread of a run, from whichever thread: something outside of the run woke it, or a
/// local activity of it has ended.
#[derive(Clone, Default)]
pub(crate) struct ExecutorWaker(Option<Arc<dyn Fn() + Send + Sync>>);

impl RunWaker {
    pub(crate) fn new(executor: ExecutorWaker) -> Self {
        Self {
            executor,
            ..Self::default()
        }
    }

    /// Identifies this run; its code runs while [`current::enter`] holds this.
    pub(crate) fn id(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self).addr()
    }

    pub(crate) fn take_own(&self) -> bool {
        self.own.swap(false, Relaxed)
    }

    /// The coroutines that were woken since the last call.
    pub(crate) fn take_woken(&self) -> Vec<CoroutineId> {
        std::mem::take(&mut *self.woken())
    }

    pub(crate) fn was_foreign(&self) -> bool {
        self.foreign.load(Relaxed)
    }

    /// The run is dropped: later wakes are ignored, and not reported.
    pub(crate) fn retire(&self) {
        self.foreign.store(true, Relaxed);
    }

    /// Whether a foreign wake has to be logged; once.
    pub(crate) fn take_unlogged(&self) -> bool {
        self.was_foreign() && !self.logged.swap(true, Relaxed)
    }

    fn woken(&self) -> MutexGuard<'_, Vec<CoroutineId>> {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one coroutine is polled with.
#[derive(Debug)]
pub(crate) struct CoroutineWaker {
    shared: Arc<WakeTarget>,
    waker: Waker,
}

#[derive(Debug)]
struct WakeTarget {
    run: Arc<RunWaker>,
    coroutine: CoroutineId,
    /// Whether it was woken since it was polled last.
    woken: AtomicBool,
}

impl CoroutineWaker {
    pub(crate) fn new(run: &Arc<RunWaker>, coroutine: CoroutineId) -> Self {
        let shared = Arc::new(WakeTarget {
            run: Arc::clone(run),
            coroutine,
            woken: AtomicBool::new(false),
        });
        let waker = Waker::from(Arc::clone(&shared));
        Self { shared, waker }
    }

    /// The waker to poll with; wakes from now on count.
    pub(crate) fn begin_poll(&self) -> &Waker {
        self.shared.woken.store(false, Relaxed);
        &self.waker
    }

    /// Whether anybody else holds a clone, and so may wake the coroutine.
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.shared) > 2
    }
}

impl Wake for WakeTarget {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if current::current() == self.run.id() {
            self.run.own.store(true, Relaxed);
            if !self.woken.swap(true, Relaxed) {
                self.run.woken().push(self.coroutine);
            }
        } else if !self.run.foreign.swap(true, Relaxed) {
            self.run.executor.wake();
        }
    }
}

impl ExecutorWaker {
    pub(crate) fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(wake)))
    }

    pub(crate) fn wake(&self) {
        if let Some(wake) = &self.0 {
            wake();
        }
    }
}

impl fmt::Debug for ExecutorWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExecutorWaker")
    }
}

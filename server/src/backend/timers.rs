//! The timer service: fires what is due, and lets a skipping clock jump.

use std::cmp::Ordering;
use std::ops::Deref;
use std::sync::atomic::{self, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use durably_history::{RunId, Time};
use tokio::sync::{Notify, oneshot, watch};

use crate::backend::Backend;
use crate::due_queue::DueQueue;
use crate::execution::Execution;

/// The due times of all runs and sleepers.
#[derive(Debug)]
pub(crate) struct Timers {
    queue: Mutex<DueQueue<Alarm>>,
    sleepers: AtomicU64,
    /// The clock's [`wake`](crate::clock::Timekeeper::wake): notified here when the first alarm has
    /// become earlier.
    wake: Arc<Notify>,
}

/// What is to be woken.
#[derive(Clone, Debug)]
pub(crate) enum Alarm {
    /// A run, for the earliest of its deadlines.
    Run {
        execution: Arc<Execution>,
        run_id: RunId,
    },
    /// A client that sleeps in the server's time.
    Sleeper {
        number: u64,
        done: Arc<Mutex<Option<oneshot::Sender<WakeGuard>>>>,
    },
}

/// One unit of work that ends with the guard.
#[derive(Debug)]
pub(crate) struct WorkGuard<E: Deref<Target = Backend>> {
    backend: E,
}

/// What a sleeper is woken with: until it lets go, the clock does not jump past the time it slept
/// for.
pub(crate) type WakeGuard = WorkGuard<Arc<Backend>>;

/// A sleeper among the alarms; taken out when it is dropped, as when its client hangs up.
pub(crate) struct SleeperGuard<'a> {
    timers: &'a Timers,
    alarm: Alarm,
    woken: oneshot::Receiver<WakeGuard>,
}

impl Timers {
    /// `wake` is the clock's.
    pub(crate) fn new(wake: &Arc<Notify>) -> Self {
        Self {
            queue: Mutex::default(),
            sleepers: AtomicU64::new(0),
            wake: Arc::clone(wake),
        }
    }

    /// Sets when a run is to be woken next.
    pub(crate) fn set_run(&self, execution: &Arc<Execution>, run_id: &RunId, due: Option<Time>) {
        let alarm = Alarm::Run {
            execution: Arc::clone(execution),
            run_id: run_id.clone(),
        };
        self.set(&alarm, due);
    }

    /// Sets an alarm for a sleeper.
    pub(crate) fn sleeper(&self, time: Time) -> SleeperGuard<'_> {
        let (sender, woken) = oneshot::channel();
        let alarm = Alarm::Sleeper {
            number: self.sleepers.fetch_add(1, atomic::Ordering::Relaxed),
            done: Arc::new(Mutex::new(Some(sender))),
        };
        self.set(&alarm, Some(time));
        SleeperGuard {
            timers: self,
            alarm,
            woken,
        }
    }

    /// When the next alarm is due.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.lock().next_due()
    }

    fn set(&self, alarm: &Alarm, due: Option<Time>) {
        if self.lock().set(alarm, due) {
            self.wake.notify_one();
        }
    }

    fn pop_due(&self, now: Time) -> Option<Alarm> {
        self.lock().pop_due(now)
    }

    fn lock(&self) -> MutexGuard<'_, DueQueue<Alarm>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend {
    /// Counts something as being at work, for as long as the guard lives.
    pub(crate) fn begin_work(&self) -> WorkGuard<&Self> {
        WorkGuard::of(self)
    }

    /// Holds a skipping clock while an input is applied: its time must not be long gone when its
    /// effects are counted as work.
    pub(crate) fn begin_input(&self) -> Option<WorkGuard<&Self>> {
        self.clock.skips().then(|| self.begin_work())
    }

    /// Lets everything happen that is due.
    fn fire_due_alarms(self: &Arc<Self>) {
        while let Some(alarm) = self.timers.pop_due(self.clock.now()) {
            match alarm {
                Alarm::Run { execution, run_id } => self.fire_deadlines(&execution, &run_id),
                Alarm::Sleeper { done, .. } => {
                    let done = done.lock().unwrap_or_else(PoisonError::into_inner).take();
                    if let Some(done) = done {
                        // The client that slept may have gone.
                        let _ = done.send(WakeGuard::of(Arc::clone(self)));
                    }
                }
            }
        }
    }

    /// Jumps to the next alarm, if the clock may.
    fn skip_to_next_alarm(&self) -> bool {
        self.clock.jump(|| self.timers.next_due())
    }
}

impl<E: Deref<Target = Backend>> WorkGuard<E> {
    fn of(backend: E) -> Self {
        backend.clock.replace_work(0, 1);
        Self { backend }
    }
}

impl SleeperGuard<'_> {
    /// Waits until the time has come; `None` if the server stops before.
    pub(crate) async fn woken(&mut self) -> Option<WakeGuard> {
        (&mut self.woken).await.ok()
    }
}

impl Drop for SleeperGuard<'_> {
    fn drop(&mut self) {
        self.timers.set(&self.alarm, None);
    }
}

impl<E: Deref<Target = Backend>> Drop for WorkGuard<E> {
    fn drop(&mut self) {
        self.backend.clock.replace_work(1, 0);
    }
}

/// Rings whatever becomes due, until the server stops.
pub(crate) async fn run(backend: Arc<Backend>, mut stop: watch::Receiver<bool>) {
    loop {
        backend.fire_due_alarms();
        if backend.skip_to_next_alarm() {
            continue;
        }
        let wait = backend
            .timers
            .next_due()
            .and_then(|due| backend.clock.machine_time_until(due))
            .unwrap_or(LONGEST_WAIT);
        tokio::select! {
            () = backend.timers.wake.notified() => {}
            () = tokio::time::sleep(wait.min(LONGEST_WAIT)) => {}
            _ = stop.changed() => return,
        }
    }
}

/// The runtime's timers have a millisecond's precision and a limited range; waking once an hour
/// for nothing costs nothing.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

impl Alarm {
    /// Runs come before sleepers; among runs their ids decide, among sleepers who came first.
    fn place(&self) -> (u64, Option<&RunId>) {
        match self {
            Self::Run { run_id, .. } => (0, Some(run_id)),
            Self::Sleeper { number, .. } => (number.saturating_add(1), None),
        }
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Alarm {}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

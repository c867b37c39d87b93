//! The timer service: fires due alarms and lets a skipping clock jump to the next one.

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

/// Alarms of all runs and sleeping clients.
#[derive(Debug)]
pub(crate) struct Timers {
    queue: Mutex<DueQueue<Alarm>>,
    sleepers: AtomicU64,
    /// The clock's [`wake`](crate::clock::Timekeeper::wake): notified here when the first alarm has
    /// become earlier.
    wake: Arc<Notify>,
}

/// What an alarm wakes.
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

/// Guard that counts one unit of work for the clock.
#[derive(Debug)]
pub(crate) struct WorkGuard<E: Deref<Target = Backend>> {
    backend: E,
}

/// The work guard that a sleeper is woken with: while it lives, the clock does not jump past the
/// time that was slept for.
pub(crate) type WakeGuard = WorkGuard<Arc<Backend>>;

/// Alarm of a sleeping client; removed when the guard is dropped, as when the client disconnects.
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

    /// Sets or removes the alarm of a run.
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
    /// Counts one unit of work while the guard lives.
    pub(crate) fn begin_work(&self) -> WorkGuard<&Self> {
        WorkGuard::of(self)
    }

    /// Counts the application of an input as work of a skipping clock: the clock must not jump
    /// between the input's time and the moment at which its effects are counted as work.
    pub(crate) fn begin_input(&self) -> Option<WorkGuard<&Self>> {
        self.clock.skips().then(|| self.begin_work())
    }

    /// Fires all due alarms.
    fn fire_due_alarms(self: &Arc<Self>) {
        while let Some(alarm) = self.timers.pop_due(self.clock.now()) {
            match alarm {
                Alarm::Run { execution, run_id } => self.fire_deadlines(&execution, &run_id),
                Alarm::Sleeper { done, .. } => {
                    let done = done.lock().unwrap_or_else(PoisonError::into_inner).take();
                    if let Some(done) = done {
                        // The sleeping client may have disconnected.
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
    /// Waits until the alarm fires; `None` if the server stops first.
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

/// Runs the timer service until the server stops.
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

/// tokio's timers have a limited range; a spurious wake-up once an hour is free.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

impl Alarm {
    /// Orders alarms of the same time: runs before sleepers, runs by id, sleepers by age.
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

//! The timer service: fires due alarms and lets a skipping clock jump to the next one.

use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{self, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use durably_history::{RunId, Time};
use tokio::sync::{Notify, oneshot, watch};

use crate::backend::Backend;
use crate::clock::WorkGuard;
use crate::due_queue::DueQueue;
use crate::name::{RunName, ScheduleName};

/// Alarms of all runs, schedules and sleeping clients.
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
    Run(RunName),
    /// A schedule, for its next time.
    Schedule(ScheduleName),
    /// A client that sleeps in the server's time.
    Sleeper {
        number: u64,
        done: Arc<Mutex<Option<oneshot::Sender<WorkGuard>>>>,
    },
}

/// Alarm of a sleeping client; removed when the guard is dropped, as when the client disconnects.
pub(crate) struct SleeperGuard<'a> {
    timers: &'a Timers,
    alarm: Alarm,
    /// Receives the guard that keeps the clock from jumping past the time that was slept for.
    woken: oneshot::Receiver<WorkGuard>,
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
    pub(crate) fn set_run(&self, run: &RunName, due: Option<Time>) {
        self.set(&Alarm::Run(run.clone()), due);
    }

    /// Sets or removes the alarm of a schedule.
    pub(crate) fn set_schedule(&self, schedule: &ScheduleName, due: Option<Time>) {
        self.set(&Alarm::Schedule(schedule.clone()), due);
    }

    /// Removes the alarms of a namespace's runs and schedules.
    pub(crate) fn drop_namespace(&self, namespace: &str) {
        self.lock().retain(|alarm| match alarm {
            Alarm::Run(run) => *run.execution.namespace != *namespace,
            Alarm::Schedule(schedule) => *schedule.namespace != *namespace,
            Alarm::Sleeper { .. } => true,
        });
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
    pub(crate) fn begin_work(&self) -> WorkGuard {
        WorkGuard::begin(&self.clock)
    }

    /// Counts the application of an input as work of a skipping clock: the clock must not jump
    /// between the input's time and the moment at which its effects are counted as work.
    pub(crate) fn begin_input(&self) -> Option<WorkGuard> {
        self.clock.skips().then(|| self.begin_work())
    }

    /// Fires all due alarms.
    fn fire_due_alarms(&self) {
        while let Some(alarm) = self.timers.pop_due(self.clock.now()) {
            match alarm {
                Alarm::Run(run) => {
                    // A bug that one run shows must not stop the timers of all others.
                    let fired = catch_unwind(AssertUnwindSafe(|| self.fire_deadlines(&run)));
                    if fired.is_err() {
                        tracing::error!(run_id = %run.run_id, "firing a deadline panicked");
                    }
                }
                Alarm::Schedule(schedule) => self.wake_schedule(schedule),
                Alarm::Sleeper { done, .. } => {
                    let done = done.lock().unwrap_or_else(PoisonError::into_inner).take();
                    if let Some(done) = done {
                        // The sleeping client may have disconnected.
                        let _ = done.send(self.begin_work());
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

impl SleeperGuard<'_> {
    /// Waits until the alarm fires; `None` if the server stops first.
    pub(crate) async fn woken(&mut self) -> Option<WorkGuard> {
        (&mut self.woken).await.ok()
    }
}

impl Drop for SleeperGuard<'_> {
    fn drop(&mut self) {
        self.timers.set(&self.alarm, None);
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
            biased;
            () = backend.timers.wake.notified() => {}
            () = tokio::time::sleep(wait.min(LONGEST_WAIT)) => {}
            _ = stop.changed() => return,
        }
    }
}

/// tokio's timers have a limited range; a spurious wake-up once an hour is free.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

impl Alarm {
    /// Orders alarms of the same time: runs by id, then schedules by name, then sleepers by age.
    fn place(&self) -> Place<'_> {
        match self {
            Self::Run(run) => Place::Run(&run.run_id, run),
            Self::Schedule(schedule) => Place::Schedule(schedule),
            Self::Sleeper { number, .. } => Place::Sleeper(*number),
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Place<'a> {
    Run(&'a RunId, &'a RunName),
    Schedule(&'a ScheduleName),
    Sleeper(u64),
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

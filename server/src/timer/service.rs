//! Waits for what is due, and lets a skipping clock jump.

use std::cmp::Ordering;
use std::ops::Deref;
use std::sync::atomic::{self, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use durably_history::{RunId, Time};
use tokio::sync::{Notify, oneshot, watch};

use super::DueQueue;
use crate::engine::Engine;
use crate::store::Execution;

/// All that the server waits for.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    queue: Mutex<DueQueue<Alarm>>,
    sleepers: AtomicU64,
    /// Told when the first alarm has become earlier, or when the clock may jump.
    pub(crate) wake: Notify,
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
        done: Arc<Mutex<Option<oneshot::Sender<Standstill>>>>,
    },
}

/// What keeps a skipping clock from jumping.
#[derive(Debug, Default)]
pub(crate) struct Work {
    units: Mutex<usize>,
}

/// One unit of work that ends with the guard.
#[derive(Debug)]
pub(crate) struct InFlight<E: Deref<Target = Engine>> {
    engine: E,
}

/// What a sleeper is woken with: until it lets go, the clock does not jump past the time it slept
/// for.
pub(crate) type Standstill = InFlight<Arc<Engine>>;

/// A sleeper's place among the alarms; left when its client hangs up.
struct Bed<'a> {
    timers: &'a Timers,
    alarm: Alarm,
}

impl Timers {
    /// Sets when a run is to be woken next.
    pub(crate) fn set_run(&self, execution: &Arc<Execution>, run_id: &RunId, due: Option<Time>) {
        let alarm = Alarm::Run {
            execution: Arc::clone(execution),
            run_id: run_id.clone(),
        };
        self.set(&alarm, due);
    }

    /// Waits until the time has come.
    pub(crate) async fn sleep_until(&self, time: Time) -> Option<Standstill> {
        let (sender, woken) = oneshot::channel();
        let alarm = Alarm::Sleeper {
            number: self.sleepers.fetch_add(1, atomic::Ordering::Relaxed),
            done: Arc::new(Mutex::new(Some(sender))),
        };
        self.set(&alarm, Some(time));
        let _bed = Bed {
            timers: self,
            alarm,
        };
        woken.await.ok()
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

impl Work {
    /// Replaces what one run counted for by what it counts for now. Says whether all is idle now.
    pub(crate) fn replace(&self, before: usize, after: usize) -> bool {
        let mut units = self.lock();
        *units = (*units + after).saturating_sub(before);
        before > after && *units == 0
    }

    /// Does something while nothing is at work, and keeps work from beginning meanwhile.
    fn while_idle<R>(&self, then: impl FnOnce() -> R) -> Option<R> {
        let units = self.lock();
        (*units == 0).then(then)
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.units.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Counts something as being at work, for as long as the guard lives.
    pub(crate) fn in_flight(&self) -> InFlight<&Self> {
        InFlight::of(self)
    }

    /// Holds a skipping clock while an input is applied: its time must not be long gone when its
    /// effects are counted as work.
    pub(crate) fn arriving(&self) -> Option<InFlight<&Self>> {
        self.clock.skips().then(|| self.in_flight())
    }

    /// Lets everything happen that is due.
    fn ring(self: &Arc<Self>) {
        while let Some(alarm) = self.timers.pop_due(self.clock.now()) {
            match alarm {
                Alarm::Run { execution, run_id } => self.wake_run(&execution, &run_id),
                Alarm::Sleeper { done, .. } => {
                    let done = done.lock().unwrap_or_else(PoisonError::into_inner).take();
                    if let Some(done) = done {
                        // The client that slept may have gone.
                        let _ = done.send(Standstill::of(Arc::clone(self)));
                    }
                }
            }
        }
    }

    /// Jumps to the next alarm, if the clock may and nothing is at work.
    fn skip(&self) -> bool {
        if !self.clock.is_unlocked() {
            return false;
        }
        let jumped = self.work.while_idle(|| {
            let due = self.timers.next_due()?;
            self.clock.advance_to(due);
            Some(())
        });
        jumped.flatten().is_some()
    }
}

impl<E: Deref<Target = Engine>> InFlight<E> {
    fn of(engine: E) -> Self {
        engine.work.replace(0, 1);
        Self { engine }
    }
}

impl Drop for Bed<'_> {
    fn drop(&mut self) {
        self.timers.set(&self.alarm, None);
    }
}

impl<E: Deref<Target = Engine>> Drop for InFlight<E> {
    fn drop(&mut self) {
        if self.engine.work.replace(1, 0) {
            self.engine.timers.wake.notify_one();
        }
    }
}

/// Rings whatever becomes due, until the server stops.
pub(crate) async fn run(engine: Arc<Engine>, mut stop: watch::Receiver<bool>) {
    loop {
        engine.ring();
        if engine.skip() {
            continue;
        }
        let wait = match engine.timers.next_due() {
            Some(due) => due.since(engine.clock.now()),
            None => LONGEST_WAIT,
        };
        tokio::select! {
            () = engine.timers.wake.notified() => {}
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_jumps_only_while_nothing_is_at_work() {
        let work = Work::default();
        assert!(!work.replace(0, 2));
        assert!(work.while_idle(|| ()).is_none());
        assert!(!work.replace(2, 1));
        assert!(work.replace(1, 0), "it is told when all is idle");
        assert!(work.while_idle(|| ()).is_some());
    }
}

//! Slots: how many tasks of one kind are in progress, a fixed number or as many as the machine allows.

mod gate;
mod machine;
mod usage;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::gate::Gate;
pub(crate) use self::{machine::Machine, usage::Usage};
use super::{
    options::{ResolvedSlots, ResourceTargets},
    timers::Timers,
};

/// The right to work on one task; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    _one_of_all: OwnedSemaphorePermit,
    holder: Arc<AtomicUsize>,
}

impl Permit {
    fn new(one_of_all: OwnedSemaphorePermit, holder: &Arc<AtomicUsize>) -> Self {
        holder.fetch_add(1, Ordering::Relaxed);
        Self {
            _one_of_all: one_of_all,
            holder: Arc::clone(holder),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.holder.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The slots of one kind of task, as one of their holders sees them.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    supply: Arc<Supply>,
    /// Permits of this holder. A holder without one gets one whatever the machine does, so that two queues that
    /// share the slots cannot starve each other.
    held: Arc<AtomicUsize>,
}

/// What the holders share.
#[derive(Debug)]
struct Supply {
    /// The most slots there are.
    total: u32,
    free: Arc<Semaphore>,
    /// Decides about each slot; none if all of them are there for use.
    gate: Option<Gate>,
    processed: AtomicU64,
    failed: AtomicU64,
}

/// What happened with the slots of one kind, for reports about a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlotReport {
    pub(crate) used: usize,
    /// None if nobody can know: the machine decides.
    pub(crate) available: Option<usize>,
    pub(crate) processed: u64,
    pub(crate) failed: u64,
}

impl Slots {
    pub(crate) fn new(total: usize) -> Self {
        Self::supplied(total, None)
    }

    /// Slots that are handed out while the machine has room.
    pub(crate) fn of_machine(
        slots: ResolvedSlots,
        targets: ResourceTargets,
        machine: Arc<Machine>,
        timers: Timers,
    ) -> Self {
        let gate = Gate::new(slots.least, slots.ramp, targets, machine, timers);
        Self::supplied(slots.most, Some(gate))
    }

    fn supplied(total: usize, gate: Option<Gate>) -> Self {
        let total = u32::try_from(total.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        Self {
            supply: Arc::new(Supply {
                total,
                free: Arc::new(Semaphore::new(total as usize)),
                gate,
                processed: AtomicU64::new(0),
                failed: AtomicU64::new(0),
            }),
            held: Arc::default(),
        }
    }

    /// The same slots, for another holder.
    pub(crate) fn for_another_holder(&self) -> Self {
        Self {
            supply: Arc::clone(&self.supply),
            held: Arc::default(),
        }
    }

    /// Waits for a permit.
    pub(crate) async fn acquire(&self) -> Permit {
        let Supply { free, gate, .. } = &*self.supply;
        let Some(gate) = gate else {
            let permit = Arc::clone(free).acquire_owned().await;
            let permit = permit.expect("the semaphore is never closed");
            return Permit::new(permit, &self.held);
        };
        loop {
            // Kept from here on: a permit that is given back goes to the next that waits, and two of them
            // would hand it to each other for ever.
            let permit = Arc::clone(free).acquire_owned().await;
            let permit = permit.expect("the semaphore is never closed");
            match self.pass(gate, permit) {
                Ok(permit) => return permit,
                Err(pause) => gate.timers.sleep(pause).await,
            }
        }
    }

    /// A permit, if one is free now.
    pub(crate) fn try_acquire(&self) -> Option<Permit> {
        let permit = Arc::clone(&self.supply.free).try_acquire_owned().ok()?;
        match &self.supply.gate {
            Some(gate) => self.pass(gate, permit).ok(),
            None => Some(Permit::new(permit, &self.held)),
        }
    }

    /// The permit, if the machine has room for one; else the pause until it is worth another look.
    fn pass(&self, gate: &Gate, permit: OwnedSemaphorePermit) -> Result<Permit, Duration> {
        let mut gate = gate.lock();
        let in_use = self.used() - 1;
        let is_first = self.held.load(Ordering::Relaxed) == 0;
        match gate.pass(in_use, is_first, Instant::now()) {
            Ok(()) => Ok(Permit::new(permit, &self.held)),
            Err(pause) => {
                // Before the next one counts those in use.
                drop(permit);
                Err(pause)
            }
        }
    }

    /// Counts a task whose work has ended.
    pub(crate) fn count(&self, failed: bool) {
        self.supply.processed.fetch_add(1, Ordering::Relaxed);
        if failed {
            self.supply.failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn report(&self) -> SlotReport {
        let used = self.used();
        let available = (self.supply.total as usize).saturating_sub(used);
        SlotReport {
            used,
            available: self.supply.gate.is_none().then_some(available),
            processed: self.supply.processed.load(Ordering::Relaxed),
            failed: self.supply.failed.load(Ordering::Relaxed),
        }
    }

    /// Permits of all holders.
    fn used(&self) -> usize {
        (self.supply.total as usize).saturating_sub(self.supply.free.available_permits())
    }

    /// Whether no task is in progress.
    pub(crate) fn are_free(&self) -> bool {
        self.supply.free.available_permits() == self.supply.total as usize
    }

    /// Waits until no task is in progress, at most `longest`; says whether that is so.
    pub(crate) async fn all_free(&self, longest: Duration) -> bool {
        let all = self.supply.free.acquire_many(self.supply.total);
        tokio::time::timeout(longest, all).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::span::millis;

    #[tokio::test]
    async fn a_permit_is_free_again_when_dropped() {
        let slots = Slots::new(1);
        let permit = slots.acquire().await;
        assert!(slots.try_acquire().is_none());
        assert!(!slots.all_free(millis(1)).await);
        drop(permit);
        assert!(slots.all_free(millis(1)).await);
        assert!(slots.try_acquire().is_some());
    }

    fn of_machine(most: usize, usage: Usage) -> (Slots, Arc<Machine>) {
        let machine = Arc::new(Machine::scripted(usage));
        let slots = ResolvedSlots {
            least: 2,
            most,
            ramp: Duration::ZERO,
        };
        let timers = Timers::of_process().expect("a thread");
        let slots = Slots::of_machine(slots, ResourceTargets::new(), Arc::clone(&machine), timers);
        (slots, machine)
    }

    const IDLE: Usage = Usage {
        memory: 0.1,
        cpu: 0.1,
    };
    const FULL: Usage = Usage {
        memory: 0.95,
        cpu: 0.1,
    };

    #[test]
    fn a_machine_without_room_leaves_the_minimum_and_one_slot_to_each_holder() {
        let (slots, machine) = of_machine(9, FULL);
        let other = slots.for_another_holder();
        let held = [slots.try_acquire(), slots.try_acquire()];
        assert!(held.iter().all(Option::is_some), "the minimum");
        assert!(slots.try_acquire().is_none());
        let first_of_other = other.try_acquire();
        assert!(first_of_other.is_some(), "it had none");
        assert!(other.try_acquire().is_none());
        machine.set(IDLE);
        assert!(slots.try_acquire().is_some());
        assert!(other.try_acquire().is_some());
    }

    #[tokio::test]
    async fn a_slot_is_waited_for_until_the_machine_has_room() {
        let (slots, machine) = of_machine(9, FULL);
        let _held = [slots.acquire().await, slots.acquire().await];
        let waiting = tokio::spawn({
            let slots = slots.clone();
            async move { slots.acquire().await }
        });
        machine.set(IDLE);
        assert!(waiting.await.is_ok());
    }

    #[tokio::test]
    async fn a_slot_beyond_the_maximum_is_waited_for_without_a_look_at_the_machine() {
        let (slots, machine) = of_machine(2, IDLE);
        let held = [slots.acquire().await, slots.acquire().await];
        let reads = machine.reads();
        let mut waiting = Box::pin(slots.acquire());
        for _ in 0..3 {
            assert!(futures::poll!(&mut waiting).is_pending());
        }
        assert_eq!(machine.reads(), reads);
        drop(held);
        drop(waiting.await);
        assert!(slots.are_free());
    }

    #[tokio::test]
    async fn several_that_wait_get_the_slot_one_after_the_other() {
        let (slots, _) = of_machine(1, IDLE);
        let held = slots.acquire().await;
        let waiting = [(); 3].map(|()| {
            let slots = slots.clone();
            tokio::spawn(async move { drop(slots.acquire().await) })
        });
        tokio::task::yield_now().await;
        drop(held);
        for one in waiting {
            assert!(one.await.is_ok());
        }
        assert!(slots.are_free());
    }

    #[test]
    fn a_report_has_what_is_known() {
        let slots = Slots::new(3);
        let _held = slots.try_acquire();
        slots.count(false);
        slots.count(true);
        let expected = SlotReport {
            used: 1,
            available: Some(2),
            processed: 2,
            failed: 1,
        };
        assert_eq!(slots.report(), expected);
        let (slots, _) = of_machine(3, IDLE);
        assert_eq!(slots.report().available, None);
    }
}

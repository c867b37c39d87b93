//! Slots: how many tasks of one kind are in progress, a fixed number or as many as the machine allows.

mod control_group;
mod gate;
mod machine;
mod task_counts;
mod usage;

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use self::gate::Gate;
pub(crate) use self::{
    machine::{Machine, Reading},
    task_counts::TaskCounts,
    usage::Usage,
};
use super::{
    options::{ResolvedSlots, ResolvedTargets},
    timers::Timers,
};
use crate::telemetry::metrics::{ResourceMetrics, SlotMetrics};

/// The right to work on one task; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    slots: Slots,
    /// A poll holds its permit before there is a task.
    has_task: bool,
}

impl Permit {
    /// Takes `slot` over; the drop gives it back.
    fn new(slot: OwnedSemaphorePermit, slots: &Slots) -> Self {
        slot.forget();
        slots.held.fetch_add(1, Ordering::Relaxed);
        Self {
            slots: slots.clone(),
            has_task: false,
        }
    }

    /// The permit of a task that has come.
    pub(crate) fn for_task(mut self) -> Self {
        if !self.has_task {
            self.has_task = true;
            let with_task = &self.slots.supply.with_task;
            with_task.fetch_add(1, Ordering::Relaxed);
            self.slots.supply.measure();
        }
        self
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Slots { supply, held } = &self.slots;
        held.fetch_sub(1, Ordering::Relaxed);
        if self.has_task {
            supply.with_task.fetch_sub(1, Ordering::Relaxed);
            supply.measure();
        }
        supply.free.add_permits(1);
        // Only now: those that wait for it count the slots in use.
        supply.released.notify_waiters();
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
    /// Notifies those that the gate has refused: one slot less is in use.
    released: Notify,
    /// Permits with a task.
    with_task: AtomicUsize,
    task_counts: TaskCounts,
    /// Locked while the numbers are read and recorded, so that the last ones recorded are the present ones.
    metrics: OnceLock<Mutex<SlotMetrics>>,
}

/// What happened with the slots of one kind, for reports about a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlotReport {
    /// Those with a task.
    pub(crate) used: usize,
    /// The others; none if nobody can know: the machine decides.
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
        targets: ResolvedTargets,
        machine: Arc<Machine>,
        timers: Timers,
        metrics: Option<ResourceMetrics>,
    ) -> Self {
        let gate = Gate::new(slots.least, slots.ramp, targets, machine, timers, metrics);
        Self::supplied(slots.most, Some(gate))
    }

    fn supplied(total: usize, gate: Option<Gate>) -> Self {
        let total = u32::try_from(total.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        Self {
            supply: Arc::new(Supply {
                total,
                free: Arc::new(Semaphore::new(total as usize)),
                gate,
                released: Notify::new(),
                with_task: AtomicUsize::new(0),
                task_counts: TaskCounts::default(),
                metrics: OnceLock::new(),
            }),
            held: Arc::default(),
        }
    }

    /// The same slots, whose use is recorded from now on.
    pub(crate) fn measured(self, metrics: Option<SlotMetrics>) -> Self {
        if let Some(metrics) = metrics {
            self.supply.metrics.get_or_init(|| Mutex::new(metrics));
        }
        self
    }

    /// The same slots, for another holder.
    pub(crate) fn for_another_holder(&self) -> Self {
        Self {
            supply: Arc::clone(&self.supply),
            held: Arc::default(),
        }
    }

    /// Waits for a permit. The slots are measured as soon as there is one, so that an idle worker has its gauges.
    pub(crate) async fn acquire(&self) -> Permit {
        let permit = self.acquire_unmeasured().await;
        self.supply.measure();
        permit
    }

    async fn acquire_unmeasured(&self) -> Permit {
        let Supply {
            free,
            gate,
            released,
            ..
        } = &*self.supply;
        loop {
            let slot = Arc::clone(free).acquire_owned().await;
            let slot = slot.expect("the semaphore is never closed");
            let Some(gate) = gate else {
                return Permit::new(slot, self);
            };
            // From before the decision on, so that no release after it is missed.
            let released = released.notified();
            match self.pass(gate, slot) {
                Ok(permit) => return permit,
                Err(pause) => tokio::select! {
                    () = released => {}
                    () = gate.timers.sleep(pause) => {}
                },
            }
        }
    }

    /// A permit, if one is free now.
    pub(crate) fn try_acquire(&self) -> Option<Permit> {
        let slot = Arc::clone(&self.supply.free).try_acquire_owned().ok()?;
        match &self.supply.gate {
            Some(gate) => self.pass(gate, slot).ok(),
            None => Some(Permit::new(slot, self)),
        }
    }

    /// The permit, if the machine has room for one; else the pause until the decision can be another.
    fn pass(&self, gate: &Gate, slot: OwnedSemaphorePermit) -> Result<Permit, Duration> {
        let mut decision = gate.lock();
        let in_use = self.in_use() - 1;
        let is_first = self.held.load(Ordering::Relaxed) == 0;
        match decision.decide(in_use, is_first, Instant::now()) {
            Ok(()) => Ok(Permit::new(slot, self)),
            Err(pause) => {
                // Not kept over the pause: others count it as in use, and the next decision is theirs as well.
                drop(slot);
                Err(pause)
            }
        }
    }

    /// The tasks whose work has ended.
    pub(crate) fn task_counts(&self) -> &TaskCounts {
        &self.supply.task_counts
    }

    pub(crate) fn report(&self) -> SlotReport {
        let (used, available) = self.supply.used_and_available();
        let tasks = self.task_counts();
        SlotReport {
            used,
            available,
            processed: tasks.processed(),
            failed: tasks.failed(),
        }
    }

    /// Permits of all holders.
    fn in_use(&self) -> usize {
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

impl Supply {
    fn used_and_available(&self) -> (usize, Option<usize>) {
        let used = self.with_task.load(Ordering::Relaxed);
        let available = (self.total as usize).saturating_sub(used);
        (used, self.gate.is_none().then_some(available))
    }

    fn measure(&self) {
        if let Some(metrics) = self.metrics.get() {
            let metrics = metrics.lock().unwrap_or_else(PoisonError::into_inner);
            let (used, available) = self.used_and_available();
            metrics.set(used, available);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        future::Future,
        task::{Context, Waker},
    };

    use super::*;
    use crate::{
        telemetry::{
            measure::Measures,
            meter::{Label, Meter, Metric, MetricError, Series},
            metrics::{WorkerMetrics, WorkerType},
        },
        time::span::millis,
        worker::options::ResourceTargets,
    };

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

    /// Keeps the last value of each metric.
    #[derive(Clone, Default)]
    struct Last(Arc<Mutex<BTreeMap<String, f64>>>);

    struct LastOf(Last, String);

    impl Meter for Last {
        fn series(&self, metric: &Metric, _: &[Label]) -> Result<Arc<dyn Series>, MetricError> {
            Ok(Arc::new(LastOf(self.clone(), metric.name.to_string())))
        }
    }

    impl Series for LastOf {
        fn record(&self, value: f64) {
            let mut values = self.0.0.lock().expect("nobody panics with it");
            values.insert(self.1.clone(), value);
        }
    }

    #[tokio::test]
    async fn the_slots_of_an_idle_worker_are_measured() {
        let last = Last::default();
        let metrics = WorkerMetrics::new(&Measures::new(last.clone()), "default", "queue");
        let slots = Slots::new(3).measured(metrics.slots(WorkerType::Activity));
        let permit = slots.acquire().await;
        let values = || {
            let values = last.0.lock().expect("nobody panics with it");
            values.values().copied().collect::<Vec<_>>()
        };
        assert_eq!(values(), [3.0, 0.0], "available, used");
        let _task = permit.for_task();
        assert_eq!(values(), [2.0, 1.0], "available, used");
    }

    #[tokio::test]
    async fn the_machine_is_measured_when_it_decides() {
        let last = Last::default();
        let metrics = WorkerMetrics::new(&Measures::new(last.clone()), "default", "queue");
        let (slots, machine) = of_measured_machine(9, IDLE, metrics.resources());
        let values = || {
            let values = last.0.lock().expect("nobody panics with it").clone();
            let hundredths = |value: f64| (value * 100.0).round() as i64;
            values.into_values().map(hundredths).collect::<Vec<_>>()
        };
        assert_eq!(values(), [0, 0, 0, 0]);
        let held = [(); 3].map(|()| slots.try_acquire());
        assert!(held.iter().all(Option::is_some));
        // Output and usage of CPU, then of memory: 5 (0.9 - 0.1), 10 %, 5 (0.8 - 0.1), 10 %.
        assert_eq!(values(), [400, 1000, 350, 1000]);
        machine.set(FULL);
        assert!(slots.try_acquire().is_none());
        // Of the memory the rise counts, too: 5 (0.8 - 0.95) - (0.95 - 0.1).
        assert_eq!(values(), [400, 1000, -160, 9500]);
    }

    fn of_machine(most: usize, usage: Usage) -> (Slots, Arc<Machine>) {
        of_measured_machine(most, usage, None)
    }

    fn of_measured_machine(
        most: usize,
        usage: Usage,
        metrics: Option<ResourceMetrics>,
    ) -> (Slots, Arc<Machine>) {
        let machine = Arc::new(Machine::scripted(usage));
        let slots = ResolvedSlots {
            least: 2,
            most,
            ramp: Duration::ZERO,
        };
        let timers = Timers::of_process().expect("a thread");
        let targets = ResourceTargets::new().resolved();
        let slots = Slots::of_machine(slots, targets, Arc::clone(&machine), timers, metrics);
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
        // It runs up to its refusal.
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        machine.set(IDLE);
        assert!(waiting.await.is_ok());
    }

    #[tokio::test]
    async fn a_released_slot_of_the_minimum_is_handed_out_at_once() {
        let (slots, _) = of_machine(9, FULL);
        let mut held = vec![slots.acquire().await, slots.acquire().await];
        let mut waiting = [Box::pin(slots.acquire()), Box::pin(slots.acquire())];
        for waiting in &mut waiting {
            assert!(futures::poll!(waiting).is_pending());
        }
        held.pop();
        let [first, second] = &mut waiting;
        let permit = futures::poll!(first);
        assert!(permit.is_ready());
        assert!(futures::poll!(&mut *second).is_pending());
        drop(permit);
        assert!(futures::poll!(second).is_ready());
    }

    #[test]
    fn a_holder_that_gives_its_only_slot_back_may_have_it_again() {
        let (slots, _) = of_machine(9, FULL);
        let _held = [slots.try_acquire(), slots.try_acquire()];
        let other = slots.for_another_holder();
        let first = other.try_acquire();
        let mut waiting = Box::pin(other.acquire());
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        drop(first);
        assert!(waiting.as_mut().poll(&mut context).is_ready());
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
        let held = slots.try_acquire().map(|it| it.for_task().for_task());
        let _poll = slots.try_acquire();
        slots.task_counts().add_processed();
        slots.task_counts().add_failed();
        let expected = SlotReport {
            used: 1,
            available: Some(2),
            processed: 2,
            failed: 1,
        };
        assert_eq!(slots.report(), expected);
        drop(held);
        let report = slots.report();
        assert_eq!((report.used, report.available), (0, Some(3)));
        let (slots, _) = of_machine(3, IDLE);
        assert_eq!(slots.report().available, None);
    }
}

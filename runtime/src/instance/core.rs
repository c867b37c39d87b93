//! The facts and intents of one run; shared by its contexts and futures.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    task::{Context, Waker},
};

use durably_engine::{ContinueAsNewReasons, Intent, StartJob, WorkerVersion};
use futures::future::LocalBoxFuture;

use super::{
    coroutine::{CoroutineId, Waiter},
    current::{self, Place},
    ops::Ops,
    outbound::OutboundHook,
    patches::Patches,
    randomness::{Positions, Randomness},
    side_effects::SideEffects,
    turns::Turns,
    upserts::Upserts,
    waits::{Version, Waits},
};
use crate::{data::Converter, telemetry::measure::Measures, time::Time};

/// What code of a run has done that a replay must repeat; equal if nothing was added.
#[derive(PartialEq, Eq)]
pub(crate) struct Traces {
    intents: usize,
    spawned: usize,
    random: Positions,
}

/// One run, as its user code meets it.
pub(crate) struct Core {
    /// How the run began. The arguments are gone: they went to the constructor. The headers are there.
    pub(crate) start: StartJob,
    pub(crate) worker: Arc<WorkerFacts>,
    /// Set by the first job of every slice.
    pub(crate) facts: Cell<Facts>,
    /// The version of the worker that completed the tasks which are replayed.
    pub(crate) replayed_version: RefCell<Option<Box<WorkerVersion>>>,
    /// When the first workflow task started.
    pub(crate) first_task: Time,
    /// Description of the run's present state, as its code set it.
    current_details: RefCell<Box<str>>,
    /// Where all random numbers of the run come from.
    pub(crate) random: Randomness,
    /// What `patched` answered, so that it answers the same again.
    pub(crate) patches: Patches,
    /// Changes of search attributes and memos.
    pub(super) upserts: Upserts,
    /// Values from outside, so that a replay uses them again.
    pub(crate) side_effects: SideEffects,
    /// Timers, activities, children and the like on their way, and their results until they are fetched.
    pub(crate) ops: RefCell<Ops>,
    /// Waits that are on nothing the server does.
    pub(crate) waits: RefCell<Waits>,
    /// Which coroutines are polled next.
    pub(crate) turns: Turns,
    /// Grows whenever the state may have changed.
    pub(crate) version: Cell<Version>,
    /// Futures passed to `spawn` since coroutines were polled last.
    pub(crate) spawned: RefCell<Vec<NewCoroutine>>,
    /// Async handlers that began and did not end.
    pub(crate) open_handlers: Cell<u32>,
    /// Which commands are allowed at the moment.
    pub(crate) phase: Cell<Phase>,
    /// Set when something happened that another coroutine or wait of the run may be waiting for.
    pub(crate) moved: Cell<bool>,
    /// What the code did that fails the workflow task; the first of it.
    fault: RefCell<Option<Box<str>>>,
    /// The command that code issued by a drop while it was only allowed to read; the first of it.
    refusal: RefCell<Option<Box<str>>>,
    /// Why the run is asked to stop, once it is.
    cancel_reason: RefCell<Option<Box<str>>>,
    /// Whether there is a reason; asked at every poll of every wait.
    cancelled: Cell<bool>,
    /// Asked for since the last job, in order.
    intents: RefCell<Vec<Issued>>,
    /// The place of the wait that was polled last.
    last_seen: Cell<Option<Place>>,
}

/// A future passed to `spawn`, and where.
pub(crate) struct NewCoroutine {
    pub(crate) future: LocalBoxFuture<'static, ()>,
    pub(crate) place: Place,
}

/// An intent, with the line of user code that issues it.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) intent: Intent,
    pub(crate) place: Option<Place>,
}

/// The facts about a worker that its runs share.
#[derive(Clone, Debug)]
pub(crate) struct WorkerFacts {
    /// The namespace that it polls.
    pub(crate) namespace: String,
    /// How it converts values.
    pub(crate) converter: Converter,
    /// Where its runs record metrics.
    pub(crate) measures: Measures,
    /// What changes the requests of its workflows.
    pub(crate) outbound: OutboundHook,
    /// Its version, if it has one.
    pub(crate) version: Option<WorkerVersion>,
}

/// What history holds for code that has not asked for it yet.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) patches: Patches,
    pub(crate) side_effects: SideEffects,
    pub(crate) version: Option<Box<WorkerVersion>>,
}

/// What changes from slice to slice.
#[derive(Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) now: Time,
    pub(crate) replaying: bool,
    pub(crate) history_length: u32,
    pub(crate) history_size: u64,
    pub(crate) continue_as_new_suggested: bool,
    pub(crate) continue_as_new_reasons: ContinueAsNewReasons,
    pub(crate) target_version_changed: bool,
}

/// Which commands user code may issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing: a query, a validator or a constructor runs.
    Reading,
    /// Everything: the run method and handlers run.
    Live,
    /// Intents are dropped: the run is over, or leaves the cache.
    Over,
}

impl Core {
    /// How the worker converts values.
    pub(crate) fn converter(&self) -> &Converter {
        &self.worker.converter
    }

    pub(crate) fn new(
        start: StartJob,
        worker: Arc<WorkerFacts>,
        facts: Facts,
        known: Known,
    ) -> Rc<Self> {
        Rc::new(Self {
            random: Randomness::new(start.randomness_seed),
            start,
            worker,
            facts: Cell::new(facts),
            replayed_version: RefCell::new(known.version),
            first_task: facts.now,
            current_details: RefCell::default(),
            patches: known.patches,
            upserts: Upserts::default(),
            side_effects: known.side_effects,
            ops: RefCell::default(),
            waits: RefCell::default(),
            turns: Turns::default(),
            version: Cell::new(0),
            spawned: RefCell::default(),
            open_handlers: Cell::new(0),
            phase: Cell::new(Phase::Reading),
            moved: Cell::new(false),
            fault: RefCell::default(),
            refusal: RefCell::default(),
            cancel_reason: RefCell::default(),
            cancelled: Cell::new(false),
            intents: RefCell::default(),
            last_seen: Cell::new(None),
        })
    }

    /// Passes the version of the worker that completes the current task, if it has one.
    pub(crate) fn with_version<T>(&self, read: impl FnOnce(Option<&WorkerVersion>) -> T) -> T {
        match self.facts.get().replaying {
            true => read(self.replayed_version.borrow().as_deref()),
            false => read(self.worker.version.as_ref()),
        }
    }

    /// Issues an intent of the line `place`; none if no one line issues it.
    ///
    /// # Panics
    /// As [`assert_commands_allowed`](Self::assert_commands_allowed).
    #[track_caller]
    pub(crate) fn issue(&self, intent: Intent, place: Option<Place>) {
        self.assert_commands_allowed();
        self.withdraw(intent, place);
    }

    /// Comes before everything that changes what the run does next: replay leaves out what only
    /// reads.
    ///
    /// # Panics
    /// While user code runs that may only read; the panic becomes its error.
    #[track_caller]
    pub(crate) fn assert_commands_allowed(&self) {
        assert!(
            self.phase.get() != Phase::Reading,
            "a query, a validator, a constructor or a side effect issued a command, cancelled, polled a \
             future or drew a random number, through a context or a handle kept in the state; only run \
             methods, signals and updates may do that"
        );
    }

    /// Whether commands are refused at the moment; if so, the code that runs fails with `what`.
    ///
    /// For drops, which must not panic: `what` is kept until [`take_refusal`](Self::take_refusal).
    pub(crate) fn refuses(&self, what: impl FnOnce() -> String) -> bool {
        let refuses = self.phase.get() == Phase::Reading;
        if refuses {
            self.refusal
                .borrow_mut()
                .get_or_insert_with(|| what().into());
        }
        refuses
    }

    /// The first command that was refused without a panic.
    pub(crate) fn take_refusal(&self) -> Option<String> {
        self.refusal.take().map(String::from)
    }

    /// Takes back what is no longer wanted. Futures are dropped at any time, so this never panics.
    pub(crate) fn withdraw(&self, intent: Intent, place: Option<Place>) {
        if self.phase.get() == Phase::Live {
            self.intents.borrow_mut().push(Issued { intent, place });
        }
    }

    /// What code of the run has done since the last job that a replay must repeat.
    pub(crate) fn traces(&self) -> Traces {
        Traces {
            intents: self.intents.borrow().len(),
            spawned: self.spawned.borrow().len(),
            random: self.random.positions(),
        }
    }

    /// Takes the latest intent back, unissued.
    pub(crate) fn pop_last_intent(&self) {
        self.intents.borrow_mut().pop();
    }

    /// Moves the intents to `into`.
    pub(crate) fn drain_intents(&self, into: &mut Vec<Issued>) {
        // The room goes with the intents: a cached run waits much longer than it works.
        into.append(&mut self.intents.take());
    }

    /// Records a bug of the workflow's code, with which the workflow task will fail.
    pub(crate) fn record_fault(&self, fault: String) {
        self.fault.borrow_mut().get_or_insert(fault.into());
    }

    pub(crate) fn take_fault(&self) -> Option<String> {
        self.fault.take().map(String::from)
    }

    /// Description of the run's present state; empty if its code set none.
    pub(crate) fn current_details(&self) -> String {
        self.current_details.borrow().as_ref().to_owned()
    }

    #[track_caller]
    pub(crate) fn set_current_details(&self, details: String) {
        self.assert_commands_allowed();
        *self.current_details.borrow_mut() = details.into();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.get()
    }

    pub(crate) fn cancel_reason(&self) -> Option<String> {
        self.cancel_reason.borrow().as_deref().map(str::to_owned)
    }

    pub(crate) fn cancel(&self, reason: String) {
        self.cancelled.set(true);
        self.cancel_reason.borrow_mut().get_or_insert(reason.into());
        self.wake_all();
    }

    /// Wakes every wait.
    pub(crate) fn wake_all(&self) {
        self.moved.set(true);
        let waits = self.waits.borrow_mut().take_all();
        let ops = self.ops.borrow_mut().take_all();
        waits.into_iter().chain(ops).for_each(|it| self.wake(it));
    }

    pub(crate) fn wake(&self, waiter: Waiter) {
        match waiter {
            Waiter::Coroutine(coroutine) => self.turns.schedule(coroutine),
            Waiter::Nested(waker) => waker.wake(),
        }
    }

    /// Ends a wait, and schedules its coroutine.
    pub(crate) fn wait_ended(&self, wait: u32) {
        if let Some(coroutine) = self.waits.borrow_mut().end(wait) {
            self.turns.schedule(coroutine);
        }
    }

    /// Begins a check of waits on the state that are polled only when woken; returns whether there are any.
    pub(crate) fn begin_checks(&self) -> bool {
        let any = self.waits.borrow().has_nested();
        let woken = self.waits.borrow_mut().begin_checks();
        woken.into_iter().for_each(Waker::wake);
        any
    }

    /// Continues the check, if more waits have to be woken for it.
    pub(crate) fn continue_checks(&self) -> bool {
        let woken = self.waits.borrow_mut().continue_checks();
        let any = !woken.is_empty();
        woken.into_iter().for_each(Waker::wake);
        any
    }

    /// The next coroutine after `after`, up to `upto`, that a poll may change.
    pub(crate) fn next_turn(&self, after: CoroutineId, upto: CoroutineId) -> Option<CoroutineId> {
        let scheduled = self.turns.next(after, upto);
        let check = self
            .waits
            .borrow()
            .next_check(after, upto, self.version.get());
        match check {
            Some(check) if scheduled.is_none_or(|scheduled| check.coroutine < scheduled) => {
                self.waits.borrow_mut().take_check(check);
                Some(check.coroutine)
            }
            _ => scheduled,
        }
    }

    /// Whether a coroutine waits for a condition that was false before the state may have changed.
    pub(crate) fn is_check_due(&self) -> bool {
        let waits = self.waits.borrow();
        let check = waits.next_check(CoroutineId::START, CoroutineId::END, self.version.get());
        check.is_some()
    }

    /// Notes that the state may have changed.
    pub(crate) fn changed(&self) {
        self.version.set(self.version.get() + 1);
    }

    /// Whom to poll when a wait that is pending may end.
    pub(crate) fn park(&self, cx: &Context<'_>) -> Waiter {
        match self.turns.polled_with(cx.waker()) {
            Some(coroutine) => Waiter::Coroutine(coroutine),
            None => Waiter::Nested(cx.waker().clone()),
        }
    }

    /// Notes that the wait written at `place` is being polled.
    pub(crate) fn seen(&self, place: Place) {
        self.last_seen.set(Some(place));
        current::seen(place);
    }

    /// Takes the wait that was polled last.
    pub(crate) fn forget_seen(&self) -> Option<Place> {
        self.last_seen.take()
    }

    /// Brings it back, unless another wait was polled since.
    pub(crate) fn remember_seen(&self, place: Option<Place>) {
        if self.last_seen.get().is_none() {
            self.last_seen.set(place);
        }
    }

    pub(crate) fn last_seen(&self) -> Option<Place> {
        self.last_seen.get()
    }
}

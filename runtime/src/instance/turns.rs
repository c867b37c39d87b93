//! The schedule of a round: selects the coroutines of a run to poll.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    ops::Bound::{Excluded, Included},
    task::Waker,
};

use super::coroutine::CoroutineId;

/// The coroutines to poll for another reason than a condition, and the coroutine that is being polled.
#[derive(Default)]
pub(crate) struct Turns {
    /// New coroutines, and those that were woken.
    scheduled: RefCell<BTreeSet<CoroutineId>>,
    /// Coroutines that nothing can wake: they are polled whenever the run is.
    unwakeable: RefCell<BTreeSet<CoroutineId>>,
    /// The coroutine that is being polled, and the data of its waker.
    polled: Cell<Option<(CoroutineId, *const ())>>,
    /// Whether a wait of durably's has this coroutine as its waiter.
    has_waiter: Cell<bool>,
    /// Whether a new coroutine, or one that was woken, was polled in this round.
    any_scheduled: Cell<bool>,
}

impl Turns {
    /// Schedules a coroutine: it is polled in its turn.
    pub(crate) fn schedule(&self, coroutine: CoroutineId) {
        self.scheduled.borrow_mut().insert(coroutine);
    }

    /// The first coroutine after `after`, up to `upto`, that has a turn.
    pub(crate) fn next(&self, after: CoroutineId, upto: CoroutineId) -> Option<CoroutineId> {
        let first = |of: &RefCell<BTreeSet<CoroutineId>>| {
            let of = of.borrow();
            of.range((Excluded(after), Included(upto))).next().copied()
        };
        let (scheduled, unwakeable) = (first(&self.scheduled), first(&self.unwakeable));
        scheduled.into_iter().chain(unwakeable).min()
    }

    /// Records that the coroutine is about to be polled with this waker; returns whether it was scheduled.
    pub(crate) fn begin(&self, coroutine: CoroutineId, waker: &Waker) -> bool {
        self.polled.set(Some((coroutine, waker.data())));
        self.has_waiter.set(false);
        let scheduled = self.scheduled.borrow_mut().remove(&coroutine);
        self.any_scheduled
            .set(self.any_scheduled.get() || scheduled);
        let unwakeable = self.unwakeable.borrow_mut().remove(&coroutine);
        scheduled || unwakeable
    }

    /// Whether a new coroutine, or one that was woken, was polled since the last call.
    pub(crate) fn take_any_scheduled(&self) -> bool {
        self.any_scheduled.take()
    }

    /// Records that the coroutine was polled; `wakeable` is whether its waker was kept, or the coroutine has ended.
    pub(crate) fn end(&self, coroutine: CoroutineId, wakeable: bool) {
        self.polled.set(None);
        // A future that is pending and keeps no waker breaks the contract of `Future::poll`. Such a future was
        // always polled with the others, so it still is.
        if !wakeable && !self.has_waiter.get() {
            self.unwakeable.borrow_mut().insert(coroutine);
        }
    }

    /// The coroutine that is being polled, if this is its waker, and not one of a combinator's.
    pub(crate) fn polled_with(&self, waker: &Waker) -> Option<CoroutineId> {
        let (coroutine, data) = self.polled.get()?;
        let same = data == waker.data();
        if same {
            self.has_waiter.set(true);
        }
        same.then_some(coroutine)
    }
}

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
    given: RefCell<BTreeSet<CoroutineId>>,
    /// Tasks that nobody can wake: they are polled whenever the run is.
    unwakeable: RefCell<BTreeSet<CoroutineId>>,
    /// The coroutine that is being polled, and the data of its waker.
    polled: Cell<Option<(CoroutineId, *const ())>>,
    /// Whether a wait of durably's has noted that this coroutine waits for it.
    noted: Cell<bool>,
    /// Whether a new coroutine, or one that was woken, was polled in this round.
    any_given: Cell<bool>,
}

impl Turns {
    /// The coroutine is polled in its turn.
    pub(crate) fn give(&self, coroutine: CoroutineId) {
        self.given.borrow_mut().insert(coroutine);
    }

    /// The first coroutine after `after`, up to `upto`, that has a turn.
    pub(crate) fn next(&self, after: CoroutineId, upto: CoroutineId) -> Option<CoroutineId> {
        let first = |of: &RefCell<BTreeSet<CoroutineId>>| {
            let of = of.borrow();
            of.range((Excluded(after), Included(upto))).next().copied()
        };
        let (given, unwakeable) = (first(&self.given), first(&self.unwakeable));
        given.into_iter().chain(unwakeable).min()
    }

    /// The coroutine is about to be polled with this waker; whether it was its turn.
    pub(crate) fn begin(&self, coroutine: CoroutineId, waker: &Waker) -> bool {
        self.polled.set(Some((coroutine, waker.data())));
        self.noted.set(false);
        let given = self.given.borrow_mut().remove(&coroutine);
        self.any_given.set(self.any_given.get() || given);
        let unwakeable = self.unwakeable.borrow_mut().remove(&coroutine);
        given || unwakeable
    }

    /// Whether a new coroutine, or one that was woken, was polled since the last call.
    pub(crate) fn take_any_given(&self) -> bool {
        self.any_given.take()
    }

    /// The coroutine was polled; `wakeable` tells whether its waker was kept, unless it has ended.
    pub(crate) fn end(&self, coroutine: CoroutineId, wakeable: bool) {
        self.polled.set(None);
        // A future that leaves no trace breaks a promise that all futures give. It was always polled
        // with the others, so it still is.
        if !wakeable && !self.noted.get() {
            self.unwakeable.borrow_mut().insert(coroutine);
        }
    }

    /// The coroutine that is being polled, if this is its waker, and not one of a combinator's.
    pub(crate) fn polled_with(&self, waker: &Waker) -> Option<CoroutineId> {
        let (coroutine, data) = self.polled.get()?;
        let same = data == waker.data();
        if same {
            self.noted.set(true);
        }
        same.then_some(coroutine)
    }
}

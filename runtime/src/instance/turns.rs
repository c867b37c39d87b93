//! The schedule of a round: selects the tasks of a run to poll.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    ops::Bound::{Excluded, Included},
    task::Waker,
};

use super::task::TaskId;

/// The tasks to poll for another reason than a condition, and the task that is being polled.
#[derive(Default)]
pub(crate) struct Turns {
    /// New tasks, and those that were woken.
    given: RefCell<BTreeSet<TaskId>>,
    /// Tasks that nobody can wake: they are polled whenever the run is.
    unwakeable: RefCell<BTreeSet<TaskId>>,
    /// The task that is being polled, and the data of its waker.
    polled: Cell<Option<(TaskId, *const ())>>,
    /// Whether a wait of durably's has noted that this task waits for it.
    noted: Cell<bool>,
    /// Whether a new task, or one that was woken, was polled in this round.
    any_given: Cell<bool>,
}

impl Turns {
    /// The task is polled in its turn.
    pub(crate) fn give(&self, task: TaskId) {
        self.given.borrow_mut().insert(task);
    }

    /// The first task after `after`, up to `upto`, that has a turn.
    pub(crate) fn next(&self, after: TaskId, upto: TaskId) -> Option<TaskId> {
        let first = |of: &RefCell<BTreeSet<TaskId>>| {
            let of = of.borrow();
            of.range((Excluded(after), Included(upto))).next().copied()
        };
        let (given, unwakeable) = (first(&self.given), first(&self.unwakeable));
        given.into_iter().chain(unwakeable).min()
    }

    /// The task is about to be polled with this waker; whether it was its turn.
    pub(crate) fn begin(&self, task: TaskId, waker: &Waker) -> bool {
        self.polled.set(Some((task, waker.data())));
        self.noted.set(false);
        let given = self.given.borrow_mut().remove(&task);
        self.any_given.set(self.any_given.get() || given);
        let unwakeable = self.unwakeable.borrow_mut().remove(&task);
        given || unwakeable
    }

    /// Whether a new task, or one that was woken, was polled since the last call.
    pub(crate) fn take_any_given(&self) -> bool {
        self.any_given.take()
    }

    /// The task was polled; `wakeable` tells whether its waker was kept, unless it has ended.
    pub(crate) fn end(&self, task: TaskId, wakeable: bool) {
        self.polled.set(None);
        // A future that leaves no trace breaks a promise that all futures give. It was always polled
        // with the others, so it still is.
        if !wakeable && !self.noted.get() {
            self.unwakeable.borrow_mut().insert(task);
        }
    }

    /// The task that is being polled, if this is its waker, and not one of a combinator's.
    pub(crate) fn polled_with(&self, waker: &Waker) -> Option<TaskId> {
        let (task, data) = self.polled.get()?;
        let same = data == waker.data();
        if same {
            self.noted.set(true);
        }
        same.then_some(task)
    }
}

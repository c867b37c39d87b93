//! Children that were started: what history says of each, and the futures that wait for it.
//!
//! Other operations have one future that takes their end. A child has a call or a handle, and a handle
//! makes any number of futures of its result.

use std::{
    cell::{Cell, OnceCell, RefCell},
    rc::Rc,
    task::Context,
};

use durably_engine::{ChildOutcome, ChildStarted, Intent, Seq};

use super::{
    core::Core,
    coroutine::Waiter,
    current::Place,
    ops::{Op, OpKind},
};

/// What history says of one child.
#[derive(Default)]
pub(crate) struct ChildState {
    /// Set when it starts; never, if it does not.
    pub(crate) started: OnceCell<ChildStarted>,
    /// Set when it ends, does not start, or counts as cancelled.
    pub(crate) ended: OnceCell<Box<ChildOutcome>>,
    waiters: RefCell<Waiters>,
}

/// The waiters of a child, by the numbers of their futures.
#[derive(Default)]
struct Waiters {
    last: u32,
    waiting: Vec<(u32, Waiter)>,
}

/// A child of the run, shared by its call or handle and the futures of its result. With the last of
/// them the run forgets the child.
pub(crate) struct Child {
    pub(crate) core: Rc<Core>,
    pub(crate) state: Rc<ChildState>,
    seq: Seq,
    place: Place,
    /// A handle was given out: a child that is dropped goes on.
    detached: Cell<bool>,
    /// Whether a request to cancel was issued.
    stopping: Cell<bool>,
}

/// A future's place among the waiters of a child.
#[derive(Default)]
pub(crate) struct ChildWait(Cell<u32>);

impl ChildState {
    /// Removes all waiters.
    pub(crate) fn take_waiters(&self) -> Vec<Waiter> {
        let waiting = std::mem::take(&mut self.waiters.borrow_mut().waiting);
        waiting.into_iter().map(|(_, waiter)| waiter).collect()
    }
}

impl Child {
    /// Begins the operation, and issues its intent.
    pub(crate) fn start(
        core: &Rc<Core>,
        what: OpKind,
        place: Place,
        intent: impl FnOnce(Seq) -> Intent,
    ) -> Rc<Self> {
        core.assert_commands_allowed();
        let (seq, state) = core.ops.borrow_mut().begin_child(what, place);
        core.issue(intent(seq), Some(place));
        Rc::new(Self {
            core: core.clone(),
            state,
            seq,
            place,
            detached: Cell::new(false),
            stopping: Cell::new(false),
        })
    }

    /// Its workflow id; empty before it has started.
    pub(crate) fn id(&self) -> &str {
        self.state.started.get().map_or("", |it| &it.workflow_id)
    }

    /// Its first run; empty before it has started.
    pub(crate) fn run_id(&self) -> &str {
        self.state.started.get().map_or("", |it| &it.run_id)
    }

    /// Requests its cancellation, once; `reason` is for people.
    pub(crate) fn cancel(&self, reason: impl FnOnce() -> String) {
        if self.state.ended.get().is_some() || self.stopping.replace(true) {
            return;
        }
        let (seq, reason) = (self.seq, reason());
        let intent = Intent::CancelChild { seq, reason };
        self.core.withdraw(intent, Some(self.place));
    }

    /// Requests its cancellation because the context that waits for it is cancelled.
    pub(crate) fn cancel_with_context(&self) {
        self.cancel(|| self.core.cancel_reason().unwrap_or_default());
    }

    /// From now on the child goes on when this is dropped.
    pub(crate) fn detach(&self) {
        self.detached.set(true);
    }

    /// The future with this place is polled when something is known of the child.
    pub(crate) fn park(&self, wait: &ChildWait, cx: &Context<'_>) {
        self.core.seen(self.place);
        let waiter = self.core.park(cx);
        let mut waiters = self.state.waiters.borrow_mut();
        if wait.0.get() == 0 {
            waiters.last += 1;
            wait.0.set(waiters.last);
        }
        let number = wait.0.get();
        match waiters.waiting.iter_mut().find(|(it, _)| *it == number) {
            Some((_, known)) => *known = waiter,
            None => waiters.waiting.push((number, waiter)),
        }
    }

    /// The future with this place waits no more.
    pub(crate) fn leave(&self, wait: &ChildWait) {
        let number = wait.0.get();
        if number > 0 {
            let mut waiters = self.state.waiters.borrow_mut();
            waiters.waiting.retain(|(it, _)| *it != number);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.detached.get() && self.state.ended.get().is_none() {
            let dropped = || {
                format!(
                    "dropped the call of a child workflow from {}, which would cancel it; a query, a \
                     validator or a constructor cancels nothing",
                    self.place
                )
            };
            // A child whose call a query drops continues: a replay does not repeat the query.
            if self.core.refuses(dropped) {
                return;
            }
            self.cancel(String::new);
        }
        let _: Option<Op> = self.core.ops.borrow_mut().remove(self.seq);
    }
}

//! Work of a run that ends outside of its history, such as a local activity.
//!
//! The run's workflow task stays open until all of it has ended: its executor puts the task aside
//! (`worker/workflow_task/executor/suspended.rs`), is woken at its end, and has the run polled again.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use super::{
    core::Core,
    coroutine::Waiter,
    waker::{ExecutorWaker, RunWaker},
};

/// The work that has not ended, as far as the run has seen. Boxed, because few runs have any.
pub(crate) struct OutsideWork {
    open: RefCell<Option<Box<Open>>>,
    /// How much ended work the run has taken out.
    taken: Cell<usize>,
    run: Arc<RunWaker>,
}

#[derive(Default)]
struct Open(Vec<Work>);

struct Work {
    end: Arc<End>,
    /// The waiter to wake at the end; none until the wait is polled.
    waiter: Option<Waiter>,
}

/// The end of outside work: reached on any thread, once.
#[derive(Debug)]
pub(crate) struct End {
    reached: AtomicBool,
    executor: ExecutorWaker,
}

/// How far the outside work of a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutsideState {
    /// There is none.
    Idle,
    /// All of it goes on.
    Running,
    /// Some of it has ended, and the run has not seen that; it has seen the end of so much before.
    Ended { seen: usize },
}

impl OutsideWork {
    /// No work yet.
    pub(crate) fn new(run: Arc<RunWaker>) -> Self {
        Self {
            open: RefCell::default(),
            taken: Cell::default(),
            run,
        }
    }

    pub(crate) fn state(&self) -> OutsideState {
        match &*self.open.borrow() {
            None => OutsideState::Idle,
            Some(open) if open.0.iter().any(|it| it.end.is_reached()) => OutsideState::Ended {
                seen: self.taken.get(),
            },
            Some(_) => OutsideState::Running,
        }
    }

    /// Removes ended work; returns its waiters in the order in which the work began.
    pub(super) fn take_ended(&self) -> Vec<Waiter> {
        let mut slot = self.open.borrow_mut();
        let Some(open) = &mut *slot else {
            return Vec::new();
        };
        let before = open.0.len();
        let ended = open.0.extract_if(.., |it| it.end.is_reached());
        let waiters = ended.filter_map(|it| it.waiter).collect();
        self.taken.set(self.taken.get() + before - open.0.len());
        if open.0.is_empty() {
            *slot = None;
        }
        waiters
    }

    /// Forgets all of it: the run has ended, and its task waits for nothing.
    pub(crate) fn clear(&self) {
        *self.open.borrow_mut() = None;
    }

    /// Removes work whose wait was dropped.
    fn remove(&self, end: &Arc<End>) {
        let mut slot = self.open.borrow_mut();
        if let Some(open) = &mut *slot {
            open.0.retain(|it| !Arc::ptr_eq(&it.end, end));
            if open.0.is_empty() {
                *slot = None;
            }
        }
    }

    /// Sets the waiter to wake when the work ends; returns none if it has ended.
    fn set_waiter(&self, end: &Arc<End>, waiter: impl FnOnce() -> Waiter) -> Option<()> {
        let mut open = self.open.borrow_mut();
        let mut work = open.iter_mut().flat_map(|open| &mut open.0);
        let work = work.find(|it| Arc::ptr_eq(&it.end, end))?;
        work.waiter = Some(waiter());
        Some(())
    }
}

/// The wait of workflow code for outside work; dropped, it holds the run's task no more.
pub(crate) struct OutsideWait {
    end: Arc<End>,
    core: Rc<Core>,
}

impl Future for OutsideWait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { end, core } = &*self;
        match core.outside.set_waiter(end, || core.park(cx)) {
            None => Poll::Ready(()),
            Some(()) => Poll::Pending,
        }
    }
}

impl Drop for OutsideWait {
    fn drop(&mut self) {
        self.core.outside.remove(&self.end);
    }
}

#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "local activities begin such work; until then tests do"
    )
)]
impl OutsideWait {
    /// Begins work of the run, on which its task waits from now on.
    pub(crate) fn begin(core: &Rc<Core>) -> Self {
        let work = &core.outside;
        let end = Arc::new(End {
            reached: AtomicBool::new(false),
            executor: work.run.executor(),
        });
        let mut open = work.open.borrow_mut();
        open.get_or_insert_default().0.push(Work {
            end: Arc::clone(&end),
            waiter: None,
        });
        drop(open);
        let core = Rc::clone(core);
        Self { end, core }
    }

    /// For who does the work.
    pub(crate) fn end(&self) -> Arc<End> {
        Arc::clone(&self.end)
    }
}

impl End {
    fn is_reached(&self) -> bool {
        self.reached.load(Ordering::Acquire)
    }

    /// Ends the work, and wakes the executor of its run.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "as that of `OutsideWait::begin`")
    )]
    pub(crate) fn reach(&self) {
        self.reached.store(true, Ordering::Release);
        self.executor.wake();
    }
}

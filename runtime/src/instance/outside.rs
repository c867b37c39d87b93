//! Work of a run that ends outside of its history, such as a local activity.
//!
//! The run's workflow task stays open until all of it has ended: its executor puts the task aside
//! (`worker/workflow_task/executor/suspended.rs`), is woken by the alarm, and has the run polled again.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use super::{
    core::Core,
    task::Waiter,
    waker::{Alarm, RunWaker},
};

/// The work that has not ended, as far as the run has seen. Boxed, because few runs have any.
pub(crate) struct OutsideWork {
    open: RefCell<Option<Box<Open>>>,
    run: Arc<RunWaker>,
}

#[derive(Default)]
struct Open(Vec<Work>);

struct Work {
    end: Arc<End>,
    /// Who waits for the end; none until that is polled.
    waiter: Option<Waiter>,
}

/// The end of outside work: reached on any thread, once.
#[derive(Debug)]
pub(crate) struct End {
    reached: AtomicBool,
    alarm: Alarm,
}

/// How far the outside work of a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutsideState {
    /// There is none.
    Idle,
    /// All of it goes on.
    Running,
    /// Some of it has ended, and the run has not seen that.
    Ended,
}

impl OutsideWork {
    /// No work yet.
    pub(crate) fn new(run: Arc<RunWaker>) -> Self {
        Self {
            open: RefCell::default(),
            run,
        }
    }

    pub(crate) fn state(&self) -> OutsideState {
        match &*self.open.borrow() {
            None => OutsideState::Idle,
            Some(open) if open.0.iter().any(|it| it.end.is_reached()) => OutsideState::Ended,
            Some(_) => OutsideState::Running,
        }
    }

    /// Removes what has ended; returns who waits for it, in the order in which it began.
    pub(super) fn take_ended(&self) -> Vec<Waiter> {
        let mut slot = self.open.borrow_mut();
        let Some(open) = &mut *slot else {
            return Vec::new();
        };
        let ended = open.0.extract_if(.., |it| it.end.is_reached());
        let waiters = ended.filter_map(|it| it.waiter).collect();
        if open.0.is_empty() {
            *slot = None;
        }
        waiters
    }
}

#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "local activities begin such work; until then tests do"
    )
)]
impl OutsideWork {
    /// Begins work, on which the run's task waits from now on.
    pub(crate) fn begin(&self) -> Arc<End> {
        let end = Arc::new(End {
            reached: AtomicBool::new(false),
            alarm: self.run.alarm(),
        });
        let work = Work {
            end: Arc::clone(&end),
            waiter: None,
        };
        let mut open = self.open.borrow_mut();
        open.get_or_insert_default().0.push(work);
        end
    }

    /// Waits for the end of work of this run.
    pub(crate) fn poll(&self, end: &Arc<End>, core: &Core, cx: &Context<'_>) -> Poll<()> {
        let mut open = self.open.borrow_mut();
        let mut work = open.iter_mut().flat_map(|open| &mut open.0);
        match work.find(|it| Arc::ptr_eq(&it.end, end)) {
            None => Poll::Ready(()),
            Some(open) => {
                open.waiter = Some(core.park(cx));
                Poll::Pending
            }
        }
    }
}

impl End {
    fn is_reached(&self) -> bool {
        self.reached.load(Ordering::Acquire)
    }

    /// Ends the work, and wakes the executor of its run.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "as that of `OutsideWork::begin`")
    )]
    pub(crate) fn reach(&self) {
        self.reached.store(true, Ordering::Release);
        self.alarm.ring();
    }
}

//! Waits that end by something the run itself does: a condition holds, a spawned task ends.

use std::{
    panic::Location,
    rc::Rc,
    task::{Context, Waker},
};

use super::core::Core;

/// The waits that are pending, in the order in which they began.
#[derive(Default)]
pub(super) struct Waits {
    last: u32,
    pending: Vec<Wait>,
}

/// One of them.
pub(super) struct Wait {
    id: u32,
    pub(super) what: &'static str,
    pub(super) place: &'static Location<'static>,
    /// Kept only if it is not the run's own.
    waker: Option<Waker>,
}

impl Waits {
    pub(super) fn pending(&self) -> &[Wait] {
        &self.pending
    }

    pub(super) fn take_wakers(&mut self) -> Vec<Waker> {
        let wakers = self.pending.iter_mut().filter_map(|wait| wait.waker.take());
        wakers.collect()
    }
}

/// The place of one future among the waits of its run, from its first poll until it is dropped.
#[derive(Default)]
pub(super) struct Entry(Option<(Rc<Core>, u32)>);

impl Entry {
    /// Notes that the future is pending.
    pub(super) fn park(
        &mut self,
        core: &Rc<Core>,
        what: &'static str,
        place: &'static Location<'static>,
        cx: &Context<'_>,
    ) {
        core.seen(place);
        let waker = core.park(cx);
        let mut waits = core.waits.borrow_mut();
        match self.0 {
            Some((_, id)) => {
                if let Some(wait) = waits.pending.iter_mut().find(|wait| wait.id == id) {
                    wait.waker = waker;
                }
            }
            None => {
                waits.last += 1;
                let id = waits.last;
                waits.pending.push(Wait {
                    id,
                    what,
                    place,
                    waker,
                });
                self.0 = Some((core.clone(), id));
            }
        }
    }

    /// Notes that the future ended.
    pub(super) fn leave(&mut self) {
        if let Some((core, id)) = self.0.take() {
            core.moved.set(true);
            core.waits.borrow_mut().pending.retain(|wait| wait.id != id);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.leave();
    }
}

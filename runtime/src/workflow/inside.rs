//! Whether this thread runs workflow code, and where that code was seen last.

use std::{
    cell::{Cell, RefCell},
    panic::Location,
    sync::{Arc, Mutex, PoisonError},
};

/// Whether workflow code runs on this thread right now.
pub(crate) fn in_workflow() -> bool {
    current() != NOBODY
}

/// The run whose code runs on this thread right now.
pub(super) fn current() -> usize {
    INSIDE.get()
}

/// Runs code of the workflow run `id`.
pub(super) fn enter<R>(id: usize, user_code: impl FnOnce() -> R) -> R {
    struct Leave(usize);
    impl Drop for Leave {
        fn drop(&mut self) {
            INSIDE.set(self.0);
        }
    }
    let _leave = Leave(INSIDE.replace(id));
    user_code()
}

/// Tells other threads where the workflow code of one thread was seen last.
///
/// An executor thread installs its own; a watchdog reads it when a run blocks the thread.
#[derive(Debug, Default)]
pub(crate) struct Beacon {
    last: Mutex<Option<&'static Location<'static>>>,
}

impl Beacon {
    /// Makes this the beacon of the calling thread.
    pub(crate) fn install(self: Arc<Self>) {
        BEACON.set(Some(self));
    }

    /// Forgets the place: the thread goes on with another run.
    pub(crate) fn clear(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The latest durable wait that workflow code of the thread polled.
    pub(crate) fn last_seen(&self) -> Option<&'static Location<'static>> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes that workflow code of this thread polls a wait written at `place`.
pub(super) fn seen(place: &'static Location<'static>) {
    BEACON.with_borrow(|beacon| {
        if let Some(beacon) = beacon {
            *beacon.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
        }
    });
}

/// No run has this id: ids are addresses.
const NOBODY: usize = 0;

thread_local! {
    static INSIDE: Cell<usize> = const { Cell::new(NOBODY) };
    static BEACON: RefCell<Option<Arc<Beacon>>> = const { RefCell::new(None) };
}

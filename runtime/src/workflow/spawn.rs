//! Futures that run beside the run method.

use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use super::{core::Core, inside::Place, waits::Entry};
use crate::definition::LocalBoxFuture;

/// A future given to `spawn`, and where.
pub(super) struct New {
    pub(super) future: LocalBoxFuture<()>,
    pub(super) place: Place,
}

/// The handle of a spawned future; awaited, it gives what the future gave.
pub struct Spawned<T> {
    core: Rc<Core>,
    result: Rc<RefCell<Option<T>>>,
    place: Place,
    entry: Entry,
}

#[track_caller]
pub(super) fn spawn<F: Future<Output: 'static> + 'static>(
    core: &Rc<Core>,
    future: F,
    place: Place,
) -> Spawned<F::Output> {
    core.assert_commands_allowed();
    let result = Rc::new(RefCell::new(None));
    let spawned = Spawned {
        core: core.clone(),
        result: result.clone(),
        place,
        entry: Entry::default(),
    };
    let future = Box::pin(async move {
        let value = future.await;
        *result.borrow_mut() = Some(value);
    });
    core.spawned.borrow_mut().push(New { future, place });
    core.moved.set(true);
    spawned
}

impl<T> Spawned<T> {
    /// Whether the future came to its end.
    pub fn is_finished(&self) -> bool {
        self.result.borrow().is_some()
    }
}

/// What the future gave is moved out, never pinned.
impl<T> Unpin for Spawned<T> {}

impl<T> Future for Spawned<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        this.core.assert_commands_allowed();
        let value = this.result.borrow_mut().take();
        match value {
            Some(value) => {
                this.entry.leave();
                Poll::Ready(value)
            }
            None => {
                this.entry
                    .park(&this.core, "a spawned future", this.place, cx);
                Poll::Pending
            }
        }
    }
}

//! The futures of commands that this version of durably does not have.

use std::{
    future::Future,
    marker::PhantomData,
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use crate::instance::core::Core;

/// What this version cannot do yet. Awaited, it fails the workflow task with a text that says so.
#[must_use = "nothing happens until this is awaited"]
pub struct Unsupported<T> {
    core: Rc<Core>,
    what: String,
    place: &'static Location<'static>,
    output: PhantomData<fn() -> T>,
}

impl<T> Unsupported<T> {
    pub(crate) fn new(core: &Rc<Core>, what: String, place: &'static Location<'static>) -> Self {
        Self {
            core: core.clone(),
            what,
            place,
            output: PhantomData,
        }
    }
}

impl<T> Future for Unsupported<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        self.core.assert_commands_allowed();
        self.core.seen(self.place);
        self.core.record_fault(format!(
            "{} is not supported by this version of durably (at {})",
            self.what, self.place
        ));
        Poll::Pending
    }
}

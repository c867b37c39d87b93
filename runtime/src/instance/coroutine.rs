//! Ids of the coroutines of a run, and the target of a wake.
//!
//! A coroutine is a handler, the run method or a spawned future. A task is one of the server's.

use std::task::Waker;

/// A handler, the run method or a spawned future. They are polled in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CoroutineId {
    /// An async handler, by the order in which it began, from 1.
    Handler(u32),
    /// The run method.
    Run,
    /// A spawned future, by the order in which it was spawned, from 1.
    Spawned(u32),
}

impl CoroutineId {
    /// Comes before all coroutines.
    pub(crate) const START: Self = Self::Handler(0);
    /// Comes after all handlers.
    pub(crate) const END_OF_HANDLERS: Self = Self::Handler(u32::MAX);
    /// Comes after all coroutines.
    pub(crate) const END: Self = Self::Spawned(u32::MAX);
}

/// The target to wake when a wait may end.
pub(crate) enum Waiter {
    /// A coroutine that polls the wait each time it is polled.
    Coroutine(CoroutineId),
    /// A combinator that polls only what was woken, and is woken by this.
    Nested(Waker),
}

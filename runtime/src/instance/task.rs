//! Ids of the tasks of a run, and the target of a wake.

use std::task::Waker;

/// A handler, the run method or a spawned future. They are polled in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TaskId {
    /// An async handler, by the order in which it began, from 1.
    Handler(u32),
    /// The run method.
    Run,
    /// A spawned future, by the order in which it was spawned, from 1.
    Spawned(u32),
}

impl TaskId {
    /// Comes before all tasks.
    pub(crate) const START: Self = Self::Handler(0);
    /// Comes after all handlers.
    pub(crate) const END_OF_HANDLERS: Self = Self::Handler(u32::MAX);
    /// Comes after all tasks.
    pub(crate) const END: Self = Self::Spawned(u32::MAX);
}

/// The target to wake when a wait may end.
pub(crate) enum Waiter {
    /// A task that polls the wait each time it is polled.
    Task(TaskId),
    /// A combinator that polls only what was woken, and is woken by this.
    Nested(Waker),
}

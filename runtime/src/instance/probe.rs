//! Switches and counters that tests of the scheduling set and read.

use std::cell::Cell;

thread_local! {
    /// Whether every task is polled in every round.
    pub(crate) static EVERYTHING: Cell<bool> = const { Cell::new(false) };
    /// How many nested waits of a kind are woken at once, if not the usual number.
    pub(crate) static WINDOW: Cell<Option<usize>> = const { Cell::new(None) };
    /// Set when fewer nested waits of a kind were woken than there are.
    pub(crate) static CUT: Cell<bool> = const { Cell::new(false) };
}

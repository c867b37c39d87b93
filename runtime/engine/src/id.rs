//! The two numbers a run is kept by: what history counts, and what user code counts.

use std::fmt;

/// Position of an event in the history of a run; the first event is 1.
///
/// ```
/// use durably_engine::EventId;
///
/// let started = EventId(1);
/// assert!(started < EventId(2));
/// assert_eq!(started.0, 1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub i64);

/// Number of a command, given by the caller that issues it.
///
/// One counter serves all kinds of commands of a run; it starts anywhere and grows by one, so that
/// the engine can keep what it knows of a command in a slab instead of a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u32);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

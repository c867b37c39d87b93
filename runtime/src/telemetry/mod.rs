//! Logs: events that reach standard error without a subscriber, and silence during replay.

pub(crate) mod log;
pub(crate) mod replayed;

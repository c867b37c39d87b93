//! Messages to a running workflow: signals, queries and updates.

pub(super) mod query;
pub(super) mod signal;
pub(super) mod update;

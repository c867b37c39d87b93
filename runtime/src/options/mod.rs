//! The options of activity calls, starts and next runs, as data.
//!
//! Calls have them as methods, which `setters` writes.

mod activity;
mod retry;
pub(crate) mod setters;

pub use self::{activity::ActivityOptions, retry::Retry};

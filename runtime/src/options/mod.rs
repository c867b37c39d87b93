//! The options of calls, starts and next runs, as data.
//!
//! Calls have them as methods, which `setters` writes.

mod activity;
mod child;
mod invalid;
mod priority;
mod retry;
pub(crate) mod setters;

pub use self::{activity::ActivityOptions, priority::Priority, retry::Retry};
pub(crate) use self::{child::ChildOptions, invalid::InvalidOptions};

//! The options of activity calls, starts and next runs, as data.
//!
//! Calls have them as methods; `setters/` generates those.

mod activity;
mod retry;

pub use self::{
    activity::{ActivityOptions, InvalidOptions},
    retry::Retry,
};

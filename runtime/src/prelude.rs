//! The items that most programs use: `use durably::prelude::*;`.
//!
//! It has the names that are at the root of the crate, but for those that would hide a name of the
//! standard library or are written with their path (`durably::HashMap`, `#[durably::data]`,
//! `#[durably::main]`). Everything else is in the module that it is about.
//!
//! ```
//! use durably::prelude::*;
//!
//! #[activity(start_to_close = "10s")]
//! async fn charge(cents: u64) -> Result<String> {
//!     if cents == 0 {
//!         bail!("nothing to charge");
//!     }
//!     Ok(format!("receipt for {cents}"))
//! }
//! ```

// From where they are defined, not from the root: there `activity` and `workflow` are modules too,
// and those would hide modules of the user's.
pub use durably_macros::{activities, activity, init, query, run, signal, update, workflow};

pub use crate::{
    ActivityCtx, ActivityError, AppError, Cancelled, Client, Ctx, Either, Error, Handle,
    ParentClose, Patch, Priority, Result, Retry, Saga, Time, View, Worker, bail, days, hours, join,
    join_all, millis, mins, race, race_all, secs, try_join, try_join_all,
};

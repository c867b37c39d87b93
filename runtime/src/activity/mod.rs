//! Activity code: its context, its options, and why it is cancelled.
//!
//! - [`ActivityCtx`] is the context that may be an activity's first parameter; [`ActivityInfo`] has the
//!   facts about the attempt.
//! - [`CancelReason`] says why an attempt should stop.
//! - [`Retry`] is how failed attempts are retried; a workflow sets it, and the timeouts, on
//!   [`ActivityCall`](crate::workflow::ActivityCall).
//! - [`TestActivity`] runs an activity in a unit test, without a worker.
//! - [`Activity`], [`FreeActivity`] and [`ActivitySet`] are implemented by `#[activity]` and
//!   `#[activities]`.
//!
//! ```
//! use durably::{activity::CancelReason, prelude::*};
//!
//! # async fn copy(_: u32) {}
//! /// Copies pages; a retry resumes after the last page that was reported.
//! #[activity(start_to_close = "1h", heartbeat = "30s")]
//! async fn copy_pages(ctx: &ActivityCtx, pages: u32) -> Result<()> {
//!     let first = ctx.heartbeat_details::<u32>()?.map_or(0, |last| last + 1);
//!     for page in first..pages {
//!         if ctx.cancel_reason() == Some(CancelReason::Requested) {
//!             return Err(Cancelled.into());
//!         }
//!         copy(page).await;
//!         ctx.heartbeat(page);
//!     }
//!     Ok(())
//! }
//! ```

pub(crate) mod cancel;
pub(crate) mod context;
pub(crate) mod heartbeat;

pub(crate) use self::context::HeartbeatHook;
pub use self::{
    cancel::CancelReason,
    context::{ActivityCtx, ActivityInfo, TestActivity},
};
pub use crate::{
    definition::{Activity, ActivitySet, FreeActivity},
    options::{Priority, Retry},
};

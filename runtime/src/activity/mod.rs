//! What activity code may do, and how a workflow calls activities.

pub(crate) mod cancel;
pub(crate) mod context;
pub(crate) mod heartbeat;
mod options;
mod stub;

pub use cancel::CancelReason;
pub use context::{ActivityCtx, ActivityInfo, TestActivity};
pub use options::{ActivityOptions, InvalidOptions, Retry};
pub use stub::{Stub, forbid_in_workflow};

//! What activity code may do.

pub(crate) mod cancel;
pub(crate) mod context;
pub(crate) mod heartbeat;

pub use self::{
    cancel::CancelReason,
    context::{ActivityCtx, ActivityInfo, TestActivity},
};

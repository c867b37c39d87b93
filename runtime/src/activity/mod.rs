//! What activity code may do, and the options of activities.

pub(crate) mod cancel;
pub(crate) mod context;
pub(crate) mod heartbeat;
mod options;

pub use self::{
    cancel::CancelReason,
    context::{ActivityCtx, ActivityInfo, TestActivity},
    options::{ActivityOptions, InvalidOptions, Retry},
};

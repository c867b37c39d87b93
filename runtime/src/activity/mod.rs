//! What activity code may do, and how a workflow calls activities.

mod cancel;
mod options;
mod stub;

pub use cancel::CancelReason;
pub use options::{ActivityOptions, InvalidOptions, Retry};
pub use stub::{Stub, forbid_in_workflow};

/// What an activity may ask of its worker.
#[derive(Clone)]
pub struct ActivityCtx {}
impl ActivityCtx {
    /// Tells the server that the activity is alive, with its progress.
    pub fn heartbeat<T: serde::Serialize + 'static>(&self, _details: T) {
        unimplemented!()
    }
    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> u32 {
        unimplemented!()
    }
    /// Whether the server asked the activity to stop.
    pub fn is_cancelled(&self) -> bool {
        unimplemented!()
    }
}

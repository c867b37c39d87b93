//! What workflow code may do, and what drives the workflow code of one run.

mod activity_call;
mod child;
mod combine;
pub(crate) mod context;
pub(crate) mod inside;
pub(crate) mod instance;
pub(crate) mod panics;
mod saga;
pub(crate) mod state;

pub use activity_call::ActivityCall;
pub use child::{ChildCall, ChildHandle, ExternalHandle, FromWorkflow};
pub use combine::{Either, join, join_all, race};
pub use context::{Ctx, View};
pub use saga::Saga;

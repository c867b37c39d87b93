//! What workflow code may do, and what drives the workflow code of one run.
//!
//! User code meets [`Ctx`] and [`View`] and the futures they give. All of them share one `Core`,
//! which collects what is asked for; `run` feeds jobs in and polls the code until nothing moves.

mod activity_call;
mod child;
mod combine;
mod condition;
pub(crate) mod context;
mod core;
pub(crate) mod elsewhere;
pub(crate) mod inside;
pub(crate) mod instance;
mod numbered;
mod ops;
pub(crate) mod panics;
mod patch;
mod random;
mod run;
mod saga;
mod scope;
pub(crate) mod silence;
pub(crate) mod site;
mod spawn;
pub(crate) mod state;
mod task;
mod time;
mod timer;
mod turns;
mod view;
mod waits;
pub(crate) mod waker;

#[cfg(test)]
mod tests;

#[cfg(any(feature = "chrono", feature = "jiff"))]
pub use self::time::TimeOutOfRange;
pub use self::{
    activity_call::{ActivityCall, ActivityHandle, Untyped},
    child::{ChildCall, ChildHandle, ExternalHandle, FromWorkflow, Unsupported},
    combine::{
        Either, JoinAll, RaceAll, TryJoinAll, join, join_all, race, race_all, try_join,
        try_join_all,
    },
    condition::{CancelWait, WaitUntil, WaitUntilTimeout},
    context::Ctx,
    random::Random,
    saga::Saga,
    scope::Scope,
    spawn::Spawned,
    time::Time,
    timer::Sleep,
    view::{View, WorkflowRef},
};

//! What workflow code may do, and what drives the workflow code of one run.
//!
//! User code meets [`Ctx`] and [`View`] and the futures they give. All of them share one `Core`,
//! which collects what is asked for; `run` feeds jobs in and polls the code until nothing moves.

mod activity;
mod child;
mod combine;
mod condition;
mod context;
mod continue_as_new;
mod random;
mod saga;
mod scope;
mod spawn;
pub(crate) mod stub;
mod timer;
mod view;

pub use self::{
    activity::{ActivityCall, ActivityHandle, Untyped},
    child::{ChildCall, ChildHandle, ExternalHandle, FromWorkflow},
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
    timer::Sleep,
    view::{View, WorkflowRef},
};

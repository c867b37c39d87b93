//! What the macros implement and the runtime reads: workflows, activities and their tables.

mod activity;
mod caller;
mod context;
mod dynamic;
mod message;
pub mod private;
mod result;
mod typestate;
mod workflow;

pub(crate) use self::dynamic::is_reserved;
pub use self::{
    activity::{
        Activity, ActivityFn, ActivityName, ActivitySet, Declared, FreeActivity, Invocation,
    },
    caller::{AsClient, AsCtx},
    context::{ActivityCtxArg, CtxArg, ViewArg},
    dynamic::{AllArguments, CalledName},
    message::{CanQuery, CanUpdate, MethodsOf, Via},
    result::{ByVerdict, Outcome, Verdict},
    typestate::{HasQueue, HasTimeout, NoQueue, NoTimeout, QueueSet, TimeoutSet},
    workflow::{
        CallFn, Called, Definition, Initial, QueryFn, Signal, Unfinished, Update, ValidateFn,
        Workflow,
    },
};

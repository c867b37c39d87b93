//! Workflow code: its contexts, and the calls, waits and combinators that it awaits.
//!
//! - Contexts: [`Ctx`] issues commands (timers, activities, random numbers); [`View`] reads facts about
//!   the run, and is all that a query, a validator or `#[init]` has.
//! - Activities: [`ActivityCall`] is what `greet::call(ctx, ..)` returns; [`ActivityHandle`] is one that
//!   was started and is awaited later.
//!   [`LocalActivityCall`] is one that runs in the worker of the workflow.
//! - Waits: [`Sleep`], [`WaitUntil`], [`CancelWait`].
//! - Values from outside: [`SideEffect`], which history records.
//! - Concurrency: [`join`], [`race`], [`try_join`], with a number for three to eight futures ([`join3`]), with
//!   `_all` for many; [`FutureSet`] for a set that grows; [`Spawned`] for what runs on its own.
//! - Exclusion: [`Lock`], [`Semaphore`].
//! - Cancellation: [`Scope`] cancels a part of a workflow; [`Saga`] undoes what was done.
//! - Other workflows: [`ChildCall`] is what `Shipment::child(ctx, ..)` returns; [`ChildHandle`] is a child
//!   that was started; [`ExternalHandle`] signals and cancels any running workflow.
//!
//! The names of every day are also in [`prelude`](crate::prelude) and at the root of the crate.
//!
//! ```
//! use durably::prelude::*;
//!
//! #[activity(start_to_close = "10s")]
//! async fn remind(customer: String) {
//!     println!("{customer}, your trial is about to end");
//! }
//!
//! #[derive(Default)]
//! struct Trial {
//!     paid: bool,
//! }
//!
//! #[workflow]
//! impl Trial {
//!     #[run]
//!     async fn run(&mut self, ctx: &Ctx, customer: String) -> Result<bool> {
//!         ctx.wait_until(|| self.paid).timeout(days(25)).await?;
//!         if !self.paid {
//!             remind::call(ctx, customer).retry(Retry::attempts(3)).await?;
//!             ctx.sleep(days(5)).await?;
//!         }
//!         Ok(self.paid)
//!     }
//!
//!     #[signal]
//!     fn pay(&mut self) {
//!         self.paid = true;
//!     }
//! }
//! ```

mod activity;
mod child;
mod child_handle;
mod combine;
mod condition;
mod context;
mod continue_as_new;
mod external;
mod local_activity;
mod patch;
mod random;
mod saga;
mod scope;
mod semaphore;
mod side_effect;
mod spawn;
pub(crate) mod stub;
mod timer;
mod view;

pub use durably_engine::{CancellationType, ChildCancellationType, InitialVersioning, ParentClose};

pub use self::{
    activity::{ActivityCall, ActivityHandle, UntypedActivity},
    child::{ChildCall, ChildStart, ChildType},
    child_handle::{ChildHandle, ChildResult},
    combine::{
        BoundedJoinAll, BoundedTryJoinAll, Either, Either3, Either4, Either5, Either6, Either7,
        Either8, FutureSet, JoinAll, JoinNext, RaceAll, TryJoinAll, join, join_all, join3, join4,
        join5, join6, join7, join8, race, race_all, race3, race4, race5, race6, race7, race8,
        try_join, try_join_all, try_join3, try_join4, try_join5, try_join6, try_join7, try_join8,
    },
    condition::{CancelWait, WaitUntil, WaitUntilTimeout},
    context::Ctx,
    external::{ExternalCancel, ExternalHandle, ExternalSignal, FromWorkflow, UntypedWorkflow},
    local_activity::LocalActivityCall,
    patch::{AsPatch, Patch, PatchSeries},
    random::Random,
    saga::{Compensation, Saga},
    scope::Scope,
    semaphore::{Acquire, Lock, Permit, Semaphore},
    side_effect::SideEffect,
    spawn::Spawned,
    timer::Sleep,
    view::{ContinueAsNewReason, View, WorkflowRef},
};
pub use crate::definition::{AsCtx, HasTimeout, NoTimeout, TimeoutSet, Workflow};

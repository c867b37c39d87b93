//! What people look for on a [`View`] and find elsewhere: commands, and the names that other SDKs
//! give them. Calling one does not compile, with words on where it is.
//!
//! A context derefs to its view, so its own methods and those of the users' extension traits come
//! first.

use std::future::Ready;

use crate::{
    error::Result,
    workflow::{Sleep, View, WaitUntil},
};

/// What a command is given on a view: no type is.
#[diagnostic::on_unimplemented(
    message = "a `View` only reads, so it cannot issue commands",
    label = "commands are methods of a `&Ctx`, which `#[run]`, signals and updates can take"
)]
pub trait CommandOfCtx {
    #[doc(hidden)]
    fn never<T>(self) -> T;
}

/// What `timer` is given: no type is.
#[diagnostic::on_unimplemented(
    message = "`Ctx` has no `timer`",
    label = "a timer is a sleep: `ctx.sleep(secs(10)).await?`"
)]
pub trait TimerOfCtx {
    #[doc(hidden)]
    fn never<T>(self) -> T;
}

/// `continue_as_new`: no context has it.
#[diagnostic::on_unimplemented(
    message = "`Ctx` has no `continue_as_new`: the next run is returned from `run`",
    label = "write `return Self::continue_as_new(..).into();`, with the arguments of `run`"
)]
pub trait ContinuesAsNew {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `wait_condition`: no context has it.
#[diagnostic::on_unimplemented(
    message = "`Ctx` has no `wait_condition`",
    label = "write `ctx.wait_until(|| self.done).await?`; `.timeout(secs(10))` bounds the wait"
)]
pub trait WaitsForConditions {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `start_activity`: no context has it.
#[diagnostic::on_unimplemented(
    message = "`Ctx` has no `start_activity`: an activity is called through its own name",
    label = "write `greet::call(ctx, ..).await?`, or `Shop::stub(ctx).greet(..).await?` for a method of an `#[activities]` block; `.start()` in place of `.await` returns a handle"
)]
pub trait StartsActivities {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `start_local_activity`: no context has it.
#[diagnostic::on_unimplemented(
    message = "`Ctx` has no `start_local_activity`: a local activity is called through its own name",
    label = "write `greet::call(ctx, ..).local().await?`; `.start()` in place of `.await` returns a handle"
)]
pub trait StartsLocalActivities {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `child_workflow`: no context has it.
#[diagnostic::on_unimplemented(
    message = "`Ctx` has no `child_workflow`: a child is started through its own type",
    label = "write `Shipment::child(ctx, ..).await?`, or `ctx.child(\"Shipment\", (..))` for a type that this program does not know; `.start()` before the `.await` returns a handle"
)]
pub trait StartsChildren {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `get_version`: no context has it.
#[diagnostic::on_unimplemented(
    message = "`Ctx` has no `get_version`",
    label = "declare `const CHANGE: Patch = Patch::new(\"what changed\");` and write `if ctx.patched(CHANGE)`, with the new code in it and the old one in its `else`"
)]
pub trait Versions {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `upsert_search_attributes`: no context has it.
#[diagnostic::on_unimplemented(
    message = "`Ctx` has no `upsert_search_attributes`",
    label = "write `ctx.upsert(CUSTOMER.set(id))?`, with `const CUSTOMER: SearchKey<Keyword> = SearchKey::new(\"CustomerId\")` of `durably::search`"
)]
pub trait UpsertsSearchAttributes {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `info`: no context has it.
#[diagnostic::on_unimplemented(
    message = "`Ctx` has no `info`: what it knows of the run are its own methods",
    label = "write `ctx.workflow_id()`, `ctx.run_id()`, `ctx.attempt()` and the like"
)]
pub trait InformsInOneValue {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// What `info` would return, with the fields that other SDKs have.
#[doc(hidden)]
#[derive(Debug)]
pub struct WorkflowInfo {
    pub attempt: u32,
    pub namespace: String,
    pub run_id: String,
    pub task_queue: String,
    pub workflow_id: String,
    pub workflow_type: String,
}

/// `cancel`: no context has it.
#[diagnostic::on_unimplemented(
    message = "a context does not cancel, it is cancelled",
    label = "write `let (scope, ctx) = ctx.scope();`, use that `ctx` for what may be cancelled, and call `scope.cancel()`"
)]
pub trait CancelsByContext {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// What an async method needs to be called from where it is not: no type has it.
///
/// The lifetime keeps rustc from finding the bound wrong where it is written.
#[diagnostic::on_unimplemented(
    message = "an async method of a workflow runs inside of it and cannot be called on a value",
    label = "call it from an async method of the `#[workflow]` block; elsewhere start the workflow",
    note = "a test starts it too, on a server of its own: `Server::builder().skip_time().start().await?`"
)]
pub trait CalledInside<'a> {}

/// What a method without a mark needs to be called through a handle: no type has it.
#[diagnostic::on_unimplemented(
    message = "a handle calls only signals, queries and updates, and this method of the workflow is not marked as one",
    label = "mark the method `#[query]`, `#[signal]` or `#[update]`",
    note = "the result of the run is `handle.result().await?`"
)]
pub trait CalledThroughHandle<'a> {}

/// What a dynamic handler needs to be called through a handle by its Rust name: no type has it.
#[diagnostic::on_unimplemented(
    message = "a dynamic handler serves every name, so a handle has no method for it",
    label = "send by name: `handle.untyped().signal(\"name\", (..,))`, or `.query` or `.update`"
)]
pub trait CalledWithoutName<'a> {}

// No type has the traits. `for<'a>` lets a bound stand that is known not to hold.
#[doc(hidden)]
impl View {
    pub fn sleep(&self, duration: impl CommandOfCtx) -> Sleep {
        duration.never()
    }

    pub fn wait_until<F: CommandOfCtx>(&self, condition: F) -> WaitUntil<F> {
        condition.never()
    }

    pub fn side_effect(&self, value: impl CommandOfCtx) -> Ready<Result<()>> {
        value.never()
    }

    pub fn patched(&self, patch: impl CommandOfCtx) -> bool {
        patch.never()
    }

    pub fn deprecate_patch(&self, patch: impl CommandOfCtx) {
        patch.never()
    }

    pub fn timer(&self, duration: impl TimerOfCtx) -> Sleep {
        duration.never()
    }

    pub fn continue_as_new(&self, _: impl Sized, _: impl Sized) -> Ready<Result<()>>
    where
        for<'a> Self: ContinuesAsNew,
    {
        <Self as ContinuesAsNew>::never()
    }

    pub fn wait_condition(&self, _: impl Sized) -> Ready<Result<()>>
    where
        for<'a> Self: WaitsForConditions,
    {
        <Self as WaitsForConditions>::never()
    }

    pub fn start_activity(&self, _: impl Sized, _: impl Sized, _: impl Sized) -> Ready<Result<()>>
    where
        for<'a> Self: StartsActivities,
    {
        <Self as StartsActivities>::never()
    }

    pub fn start_local_activity(
        &self,
        _: impl Sized,
        _: impl Sized,
        _: impl Sized,
    ) -> Ready<Result<()>>
    where
        for<'a> Self: StartsLocalActivities,
    {
        <Self as StartsLocalActivities>::never()
    }

    pub fn child_workflow(&self, _: impl Sized, _: impl Sized, _: impl Sized) -> Ready<Result<()>>
    where
        for<'a> Self: StartsChildren,
    {
        <Self as StartsChildren>::never()
    }

    pub fn get_version(&self, _: impl Sized, _: impl Sized, _: impl Sized) -> Ready<Result<()>>
    where
        for<'a> Self: Versions,
    {
        <Self as Versions>::never()
    }

    pub fn info(&self) -> WorkflowInfo
    where
        for<'a> Self: InformsInOneValue,
    {
        <Self as InformsInOneValue>::never()
    }

    pub fn cancel(&self)
    where
        for<'a> Self: CancelsByContext,
    {
        <Self as CancelsByContext>::never()
    }

    pub fn upsert_search_attributes(&self, _: impl Sized) -> Ready<Result<()>>
    where
        for<'a> Self: UpsertsSearchAttributes,
    {
        <Self as UpsertsSearchAttributes>::never()
    }
}

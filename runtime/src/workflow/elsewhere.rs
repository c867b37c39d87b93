//! What people look for on a [`View`] and find elsewhere: commands, and the names that other SDKs
//! give them. Calling one does not compile, with words on where it is.
//!
//! A context derefs to its view, so its own methods and those of the users' extension traits come
//! first.

use super::{Sleep, View, WaitUntil};

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

#[doc(hidden)]
impl View {
    pub fn sleep(&self, duration: impl CommandOfCtx) -> Sleep {
        duration.never()
    }

    pub fn wait_until<F: CommandOfCtx>(&self, condition: F) -> WaitUntil<F> {
        condition.never()
    }

    pub fn timer(&self, duration: impl TimerOfCtx) -> Sleep {
        duration.never()
    }
}

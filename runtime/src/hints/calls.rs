//! What people look for on calls and handles inside of a workflow and find elsewhere. Calling one does not
//! compile, with words on where it is.

use std::future::Ready;

use crate::{
    error::{ContinueAsNew, Result},
    options::Retry,
    workflow::{ActivityCall, ChildCall, ChildHandle, ChildType, ExternalHandle, Spawned},
};

/// `timeout`: no activity has it.
#[diagnostic::on_unimplemented(
    message = "an activity has several timeouts",
    label = "write `.start_to_close(secs(10))` for one attempt, or `.schedule_to_close(mins(5))` for all attempts together"
)]
pub trait HasOneTimeout {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `max_attempts`: no call has it.
#[diagnostic::on_unimplemented(
    message = "a call has no `max_attempts`",
    label = "write `.retry(Retry::attempts(3))`"
)]
pub trait HasMaxAttempts {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// Timeouts of activities: no child has them.
#[diagnostic::on_unimplemented(
    message = "a child workflow has no timeouts of activities",
    label = "write `.run_timeout(hours(1))` for one run, or `.execution_timeout(days(1))` for all runs together"
)]
pub trait HasActivityTimeouts {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `result`: no external handle has it.
#[diagnostic::on_unimplemented(
    message = "a workflow waits only for the results of its children",
    label = "let the other workflow send a signal when it ends, or await its result with a client in an activity"
)]
pub trait HasResult {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `id`: no continue-as-new has it.
#[diagnostic::on_unimplemented(
    message = "the next run of a workflow has the same id",
    label = "leave `id` out, or start another workflow"
)]
pub trait HasOwnId {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `shipment.await`: no handle of a child has it.
#[diagnostic::on_unimplemented(
    message = "a handle of a child is not awaited itself",
    label = "write `shipment.result().await?`"
)]
pub trait IsItsResult {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `abort` and `cancel`: no spawned future has them.
#[diagnostic::on_unimplemented(
    message = "a spawned future is cancelled through its context",
    label = "write `let (scope, ctx) = ctx.scope();`, spawn the future with that `ctx`, and call `scope.cancel()`"
)]
pub trait Aborts {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `Retry::new` and `Retry::max_attempts`.
#[diagnostic::on_unimplemented(
    message = "a retry policy begins with its number of attempts",
    label = "write `Retry::attempts(3)`, `Retry::never()`, or `Retry::default()` for no limit"
)]
pub trait BeginsOtherwise {
    #[doc(hidden)]
    fn never<T>() -> T;
}

// No type has the traits. `for<'a>` lets a bound stand that is known not to hold.
#[doc(hidden)]
impl<A, T> ActivityCall<A, T> {
    pub fn timeout(self, _: impl Sized) -> Self
    where
        for<'a> Self: HasOneTimeout,
    {
        <Self as HasOneTimeout>::never()
    }

    pub fn max_attempts(self, _: impl Sized) -> Self
    where
        for<'a> Self: HasMaxAttempts,
    {
        <Self as HasMaxAttempts>::never()
    }
}

#[doc(hidden)]
impl<W> ChildCall<W> {
    pub fn timeout(self, _: impl Sized) -> Self
    where
        for<'a> Self: HasActivityTimeouts,
    {
        <Self as HasActivityTimeouts>::never()
    }

    pub fn start_to_close(self, _: impl Sized) -> Self
    where
        for<'a> Self: HasActivityTimeouts,
    {
        <Self as HasActivityTimeouts>::never()
    }

    pub fn schedule_to_close(self, _: impl Sized) -> Self
    where
        for<'a> Self: HasActivityTimeouts,
    {
        <Self as HasActivityTimeouts>::never()
    }

    pub fn max_attempts(self, _: impl Sized) -> Self
    where
        for<'a> Self: HasMaxAttempts,
    {
        <Self as HasMaxAttempts>::never()
    }
}

#[doc(hidden)]
impl<W: ChildType> ExternalHandle<W> {
    pub fn result(&self) -> Ready<Result<()>>
    where
        for<'a> Self: HasResult,
    {
        <Self as HasResult>::never()
    }
}

#[doc(hidden)]
impl<W: ChildType> IntoFuture for ChildHandle<W>
where
    for<'a> Self: IsItsResult,
{
    type Output = Result<()>;
    type IntoFuture = Ready<Result<()>>;

    fn into_future(self) -> Self::IntoFuture {
        <Self as IsItsResult>::never()
    }
}

#[doc(hidden)]
impl ContinueAsNew {
    pub fn id(self, _: impl Sized) -> Self
    where
        for<'a> Self: HasOwnId,
    {
        <Self as HasOwnId>::never()
    }
}

#[doc(hidden)]
impl<T> Spawned<T> {
    pub fn abort(&self)
    where
        for<'a> Self: Aborts,
    {
        <Self as Aborts>::never()
    }

    pub fn cancel(&self)
    where
        for<'a> Self: Aborts,
    {
        <Self as Aborts>::never()
    }
}

#[doc(hidden)]
impl Retry {
    pub fn new() -> Self
    where
        for<'a> Self: BeginsOtherwise,
    {
        <Self as BeginsOtherwise>::never()
    }

    pub fn max_attempts(_: impl Sized) -> Self
    where
        for<'a> Self: BeginsOtherwise,
    {
        <Self as BeginsOtherwise>::never()
    }
}

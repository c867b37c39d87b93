//! What people look for on calls and handles inside of a workflow and find elsewhere. Calling one does not
//! compile, with words on where it is.

use std::{
    future::Ready,
    pin::Pin,
    task::{Context, Poll},
};

use crate::{
    error::{ContinueAsNew, Result},
    options::Retry,
    workflow::{
        ActivityCall, ChildCall, ChildHandle, ChildType, ExternalHandle, FutureSet, Permit, Scope,
        Spawned,
    },
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

/// `namespace`: no child and no external handle has it, because servers refuse commands to other namespaces.
#[diagnostic::on_unimplemented(
    message = "a workflow starts and reaches workflows of its own namespace only",
    label = "let an activity do it, with a client of the other namespace"
)]
pub trait ReachesNamespaces {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `id_conflict_policy`: no child has it.
#[diagnostic::on_unimplemented(
    message = "a child workflow has no conflict policy",
    label = "a child whose id is in use is not started, and its error's `is_already_started()` holds; \
             `.id_reuse_policy(..)` is about ids of closed workflows"
)]
pub trait HasConflictPolicy {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `eager`: no child has it.
#[diagnostic::on_unimplemented(
    message = "a child workflow has no eager start",
    label = "leave `eager` out: only the start by a client has it"
)]
pub trait StartsEagerly {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `local_retry_threshold`: no ordinary activity has it.
#[diagnostic::on_unimplemented(
    message = "only a local activity has a `local_retry_threshold`",
    label = "write `.local()` before it; an ordinary activity is retried by the server"
)]
pub trait IsRetriedHere {
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
pub trait AwaitItsResult {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `set.await`: no set of futures has it.
#[diagnostic::on_unimplemented(
    message = "a set of futures is not awaited itself",
    label = "write `while let Some(output) = set.join_next().await`"
)]
pub trait AwaitJoinNext {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `scope.await`: no scope has it.
#[diagnostic::on_unimplemented(
    message = "a scope is not awaited itself",
    label = "await the calls that got its context; `scope.cancel()` cancels them"
)]
pub trait AwaitItsCalls {
    #[doc(hidden)]
    fn never<T>() -> T;
}

/// `permit.await`: no permit has it.
#[diagnostic::on_unimplemented(
    message = "a permit is held, not awaited",
    label = "it is given back when it is dropped: leave `.await` out"
)]
pub trait HoldThePermit {
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
// For an `.await` on a type that is not a future rustc prints its own message and of ours only the trait's name, so the
// name says what to write.
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

    pub fn local_retry_threshold(self, _: impl Sized) -> Self
    where
        for<'a> Self: IsRetriedHere,
    {
        <Self as IsRetriedHere>::never()
    }
}

#[doc(hidden)]
impl<W> ChildCall<W> {
    pub fn namespace(self, _: impl Sized) -> Self
    where
        for<'a> Self: ReachesNamespaces,
    {
        <Self as ReachesNamespaces>::never()
    }

    pub fn id_conflict_policy(self, _: impl Sized) -> Self
    where
        for<'a> Self: HasConflictPolicy,
    {
        <Self as HasConflictPolicy>::never()
    }

    pub fn eager(self) -> Self
    where
        for<'a> Self: StartsEagerly,
    {
        <Self as StartsEagerly>::never()
    }

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

    pub fn namespace(self, _: impl Sized) -> Self
    where
        for<'a> Self: ReachesNamespaces,
    {
        <Self as ReachesNamespaces>::never()
    }
}

#[doc(hidden)]
impl<W: ChildType> Future for ChildHandle<W>
where
    for<'a> Self: AwaitItsResult,
{
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        <Self as AwaitItsResult>::never()
    }
}

#[doc(hidden)]
impl<F: Future> Future for FutureSet<F>
where
    for<'a> Self: AwaitJoinNext,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        <Self as AwaitJoinNext>::never()
    }
}

#[doc(hidden)]
impl Future for Scope
where
    for<'a> Self: AwaitItsCalls,
{
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        <Self as AwaitItsCalls>::never()
    }
}

#[doc(hidden)]
impl Future for Permit
where
    for<'a> Self: HoldThePermit,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        <Self as HoldThePermit>::never()
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

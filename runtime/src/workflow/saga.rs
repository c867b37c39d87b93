//! Compensations: undoing what was done, when a later step fails.

use futures::future::{LocalBoxFuture, TryFutureExt};

use super::{
    activity::ActivityCall,
    child::{ChildCall, ChildType},
    external::ExternalSignal,
};
use crate::{
    definition::{Activity, HasTimeout},
    error::Error,
};

/// Compensations, run newest first and shielded from cancellation.
///
/// ```
/// # use durably::prelude::*;
/// # #[activity(start_to_close = "10s")]
/// # async fn reserve(item: String) -> String { item }
/// # #[activity(start_to_close = "10s")]
/// # async fn release(reservation: String) {}
/// # #[activity(start_to_close = "10s")]
/// # async fn charge(item: String) {}
/// # async fn example(ctx: &Ctx) -> Result<()> {
/// let mut saga = Saga::new();
/// let reservation = reserve::call(ctx, "unicorn").await?;
/// saga.undo(release::call(ctx, reservation));
/// if let Err(error) = charge::call(ctx, "unicorn").await {
///     saga.compensate().await;
///     return Err(error.into());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
#[must_use = "a saga undoes nothing until `saga.compensate()` is awaited"]
pub struct Saga {
    undo: Vec<LocalBoxFuture<'static, Result<(), Error>>>,
}

/// What can undo a step: the call of an activity or of a child, or a signal to another workflow.
///
/// ```
/// use durably::{prelude::*, workflow::Compensation};
///
/// # #[activity(start_to_close = "10s")]
/// # async fn release(reservation: String) {}
/// fn undo_all(saga: &mut Saga, steps: Vec<impl Compensation>) {
///     steps.into_iter().for_each(|step| saga.undo(step));
/// }
///
/// async fn example(ctx: &Ctx, saga: &mut Saga) -> Result<()> {
///     undo_all(saga, vec![release::call(ctx, "unicorn")]);
///     undo_all(saga, vec![ctx.child::<()>("Refund", ("order-1",))]);
///     undo_all(saga, vec![ctx.external("ship-7").signal("return", ())]);
///     Ok(())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot undo a step of a saga",
    label = "expected a call that is not awaited yet: of an activity, of a child, or a signal"
)]
pub trait Compensation {
    #[doc(hidden)]
    fn __shielded(self) -> LocalBoxFuture<'static, Result<(), Error>>;
}

// Recommended, so that rustc reports the timeout that a call lacks.
impl<A: Activity, T: HasTimeout + 'static> Compensation for ActivityCall<A, T> {
    fn __shielded(self) -> LocalBoxFuture<'static, Result<(), Error>> {
        Box::pin(self.shielded().map_ok(drop).err_into())
    }
}

#[diagnostic::do_not_recommend]
impl<W: ChildType> Compensation for ChildCall<W> {
    fn __shielded(self) -> LocalBoxFuture<'static, Result<(), Error>> {
        Box::pin(self.shielded().map_ok(drop).err_into())
    }
}

#[diagnostic::do_not_recommend]
impl Compensation for ExternalSignal {
    fn __shielded(self) -> LocalBoxFuture<'static, Result<(), Error>> {
        Box::pin(self.shielded().err_into())
    }
}

impl Saga {
    /// Nothing to undo.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes how the step that succeeded just now is undone. Nothing is called yet.
    pub fn undo(&mut self, call: impl Compensation) {
        self.undo.push(call.__shielded());
    }

    /// Undoes all steps noted so far, newest first, one after the other.
    ///
    /// A compensation that fails does not keep the others from running; their errors are returned.
    pub async fn compensate(&mut self) -> Vec<Error> {
        let mut errors = Vec::new();
        while let Some(undo) = self.undo.pop() {
            errors.extend(undo.await.err());
        }
        errors
    }
}

//! Compensations: undoing what was done, when a later step fails.

use futures::future::LocalBoxFuture;

use super::activity::ActivityCall;
use crate::{
    definition::{Activity, HasTimeout},
    error::ActivityError,
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
pub struct Saga {
    undo: Vec<LocalBoxFuture<'static, Result<(), ActivityError>>>,
}

impl Saga {
    /// Nothing to undo.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes how the step that succeeded just now is undone. Nothing is called yet.
    pub fn undo<A: Activity, T: HasTimeout + 'static>(&mut self, call: ActivityCall<A, T>) {
        let call = call.shielded();
        self.undo
            .push(Box::pin(async move { call.await.map(drop) }));
    }

    /// Undoes all steps noted so far, newest first, one after the other.
    ///
    /// A compensation that fails does not keep the others from running; their errors are returned.
    pub async fn compensate(&mut self) -> Vec<ActivityError> {
        let mut errors = Vec::new();
        while let Some(undo) = self.undo.pop() {
            errors.extend(undo.await.err());
        }
        errors
    }
}

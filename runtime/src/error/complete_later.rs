//! The result of an activity that is reported later, by a client.

use std::fmt;

use super::meaning::Mark;
use crate::hints::converted::HoldsCompleteLater;

/// Ends the function of an activity without ending the activity: a client reports its result later.
///
/// Made by [`ActivityCtx::complete_later`](crate::ActivityCtx::complete_later) and returned from the
/// activity: `ctx.complete_later().into()`. The return type stays that of the result. The worker reports
/// nothing, and the attempt runs on until an
/// [`AsyncActivityHandle`](crate::client::AsyncActivityHandle) completes it, or one of its timeouts ends it.
///
/// ```
/// use durably::{Bytes, prelude::*};
///
/// # async fn send_mail(_: &str, _: Bytes) -> Result<()> { Ok(()) }
/// /// Returns whether the manager has approved; days later, and from another program.
/// #[activity(start_to_close = "30d")]
/// async fn ask_manager(ctx: &ActivityCtx, manager: String) -> Result<bool> {
///     send_mail(&manager, ctx.task_token()).await?;
///     ctx.complete_later().into()
/// }
/// ```
///
/// An error type of your own can carry it, if its `source()` is this value:
///
/// ```
/// use durably::{error::CompleteLater, prelude::*};
///
/// #[derive(Debug, thiserror::Error)]
/// enum ApprovalError {
///     #[error("no such manager")]
///     NoManager,
///     #[error(transparent)]
///     CompleteLater(#[from] CompleteLater),
/// }
///
/// #[activity(start_to_close = "30d")]
/// async fn ask_manager(ctx: &ActivityCtx, manager: String) -> Result<bool, ApprovalError> {
///     if manager.is_empty() {
///         return Err(ApprovalError::NoManager);
///     }
///     ctx.complete_later().into()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "return it from the activity: `ctx.complete_later().into()`"]
pub struct CompleteLater(());

impl CompleteLater {
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for CompleteLater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("completing later takes effect only when an activity returns it")
    }
}

impl std::error::Error for CompleteLater {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&Mark::CompleteLater)
    }
}

impl<T, E: HoldsCompleteLater> From<CompleteLater> for Result<T, E> {
    fn from(later: CompleteLater) -> Self {
        Err(E::hold(later))
    }
}

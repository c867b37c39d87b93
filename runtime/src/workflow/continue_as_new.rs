//! A next run of another workflow type.
//!
//! [`ContinueAsNew`] itself is an error, in a layer that does not know workflow types.

use crate::{data::ArgList, definition::Workflow, error::ContinueAsNew, instance::current};

impl ContinueAsNew {
    /// Continues as a workflow of another type, with these arguments.
    ///
    /// ```
    /// use durably::{ContinueAsNew, prelude::*};
    ///
    /// #[derive(Default)]
    /// struct Trial;
    ///
    /// #[workflow]
    /// impl Trial {
    ///     #[run]
    ///     async fn run(&mut self, ctx: &Ctx, customer: String) -> Result<()> {
    ///         ctx.sleep(days(30)).await?;
    ///         ContinueAsNew::other::<Subscription>((customer, 12)).into()
    ///     }
    /// }
    ///
    /// #[derive(Default)]
    /// struct Subscription;
    ///
    /// #[workflow]
    /// impl Subscription {
    ///     #[run]
    ///     async fn run(&mut self, ctx: &Ctx, customer: String, months: u32) -> Result<()> {
    ///         ctx.sleep(days(30 * u64::from(months))).await?;
    ///         Ok(())
    ///     }
    /// }
    /// ```
    pub fn other<W: Workflow>(args: impl ArgList) -> Self {
        Self::new(W::NAME, args.encode(&current::converter()))
    }
}

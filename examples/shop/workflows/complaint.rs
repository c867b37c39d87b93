//! A complaint: the item comes back, or the customer keeps it.

use durably::prelude::*;

use crate::activities::Warehouse;

/// One item that a customer wants to send back.
#[derive(Default)]
pub(crate) struct Complaint {
    arrived: bool,
}

#[workflow]
impl Complaint {
    /// Whether the item is back on its shelf.
    #[run]
    pub(crate) async fn run(&mut self, ctx: &Ctx, item: String) -> Result<bool> {
        let arrived = ctx.wait_until(|| self.arrived).timeout(days(30)).await?;
        if arrived {
            Warehouse::stub(ctx).put_back(item).await?;
        }
        Ok(arrived)
    }

    #[signal]
    pub(crate) fn arrive(&mut self) {
        self.arrived = true;
    }
}

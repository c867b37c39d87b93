//! A complaint: the customer returns the item or keeps it.

use durably::prelude::*;

use crate::activities::Warehouse;

/// One item that a customer wants to return.
#[derive(Default)]
pub(crate) struct Complaint {
    arrived: bool,
}

#[workflow]
impl Complaint {
    /// Waits for the item for 30 days; returns whether it is back on its shelf.
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

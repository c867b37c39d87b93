//! An order, from the purchase to the parcel.

use durably::prelude::*;

use crate::{
    activities::{Warehouse, charge},
    data::{Purchase, Receipt},
    errors::OrderError,
};

/// One order of one customer.
#[derive(Default)]
pub(crate) struct Order {
    approved: bool,
}

/// `pub(crate)` methods can be called in the whole crate, on the type and on its handles; `start` and
/// `handle` have the visibility of `run`.
#[workflow]
impl Order {
    #[run]
    pub(crate) async fn run(
        &mut self,
        ctx: &Ctx,
        purchase: Purchase,
    ) -> Result<Receipt, OrderError> {
        let item = Warehouse::stub(ctx).reserve(&purchase.item).await?;
        let approved = ctx.wait_until(|| self.approved).timeout(days(7)).await?;
        if !approved {
            return Err(OrderError::NotApproved);
        }
        let payment = charge::call(ctx, purchase).await?;
        let parcel = Warehouse::stub(ctx).ship(item).await?;
        Ok(Receipt { payment, parcel })
    }

    /// Approves the order.
    #[signal]
    pub(crate) fn approve(&mut self) {
        self.approved = true;
    }

    #[query]
    pub(crate) fn is_approved(&self) -> bool {
        self.approved
    }
}

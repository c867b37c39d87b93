//! The workflow of an order, and its activities.

use durably::{activity::ActivityInfo, prelude::*};

use crate::store::{Order, Store};

/// The task queue of the service.
pub const QUEUE: &str = "orders";

/// The task queue of a worker in another language, which sends letters to customers.
pub const LETTERS: &str = "letters";

/// The activities that have the database.
pub struct Payments {
    pub store: Store,
}

/// What an activity does is done once under this key: it is the same for all its attempts. The workflow calls it under an
/// id of its own, and no workflow has the id of an earlier one, so a run that was reset has the same key, too. Where an
/// activity is to be repeated in another run, `info.run_id` belongs into the key.
fn idempotency_key(info: &ActivityInfo) -> String {
    format!(
        "{}/{}/{}",
        info.namespace, info.workflow_id, info.activity_id
    )
}

#[activities]
impl Payments {
    /// Charges the customer of an order. An attempt whose result was lost is repeated, and charges nothing then.
    #[activity(start_to_close = "10s")]
    pub async fn charge(&self, ctx: &ActivityCtx, order: Order) -> Result<u32> {
        let is_new = self
            .store
            .charge(&idempotency_key(ctx.info()), &order)
            .await?;
        if is_new && order.item == "lamp that loses results" {
            return Err(AppError::new("Lost", "the charge is made, but its result is lost").into());
        }
        Ok(order.cents)
    }
}

/// Charges a customer, and then sends a letter, if that was requested.
#[derive(Default)]
pub struct Checkout {
    charged: Option<u32>,
    wants_letter: bool,
    closed: bool,
}

#[workflow(name = "checkout", task_queue = "orders")]
impl Checkout {
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, order: Order) -> Result<String> {
        self.charged = Some(
            Payments::stub(ctx)
                .charge(order.clone())
                .id("charge")
                .await?,
        );
        ctx.wait_until(|| self.closed).await?;
        if !self.wants_letter {
            return Ok(format!("{} is on its way", order.item));
        }
        let letter = ctx
            .activity("send_letter", (order.item,))
            .task_queue(LETTERS);
        Ok(letter.start_to_close(secs(10)).await?)
    }

    /// What was charged; nothing yet if there is none.
    #[query]
    pub fn charged(&self) -> Option<u32> {
        self.charged
    }

    #[signal]
    pub fn close(&mut self, wants_letter: bool) {
        self.wants_letter = wants_letter;
        self.closed = true;
    }
}

//! The workflows of billing.

use durably::prelude::*;

use crate::activities::{Mailbox, Position, total};

/// An invoice: sent, then paid.
#[derive(Debug, Default)]
pub struct Invoice {
    paid: u64,
    due: u64,
}

#[workflow]
impl Invoice {
    /// Sends the invoice, and returns the letter once all of it is paid.
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, to: String, positions: Vec<Position>) -> Result<String> {
        self.due = total::call(ctx, positions).await?;
        let about = format!("{} cents", self.due);
        let letter = Mailbox::stub(ctx).send(to, about).await?;
        ctx.wait_until(|| self.paid >= self.due).await?;
        Ok(letter)
    }

    /// Records a payment, and returns the sum of all payments.
    #[update(validator = check)]
    pub fn pay(&mut self, cents: u64) -> u64 {
        self.paid += cents;
        self.paid
    }

    fn check(&self, cents: &u64) -> Result<(), &'static str> {
        match cents {
            0 => Err("nothing was paid"),
            _ => Ok(()),
        }
    }

    /// Returns the sum of all payments.
    #[query]
    pub fn paid(&self) -> u64 {
        self.paid
    }
}

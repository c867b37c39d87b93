//! A workflow that counts what it is sent, so that a test can tell what was lost or came twice.

#![allow(missing_docs)]

use durably::prelude::*;

#[activity(start_to_close = "2s")]
pub async fn weigh(counted: usize) -> usize {
    counted
}

/// The number that a [`Tally`] gets from its child.
pub const RELAYED: u32 = 1000;

/// The child of a [`Tally`], which signals it as it would any other workflow.
#[derive(Default)]
pub struct Relay;

#[workflow]
impl Relay {
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, tally: String) -> Result<()> {
        Tally::external(ctx, &tally).add(RELAYED).await?;
        Ok(())
    }
}

/// Collects numbers until it is told to finish.
///
/// Only then it continues in another run: request ids hold for one run, on a real server too, so a
/// number that is sent again after a lost response may be counted again by the next run.
#[derive(Default)]
pub struct Tally {
    numbers: Vec<u32>,
    is_finished: bool,
}

#[workflow]
impl Tally {
    /// Gives all numbers that it was sent, after activities, a child, a timer and a second run.
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, before: Option<Vec<u32>>) -> Result<Vec<u32>> {
        if let Some(before) = before {
            let weighed = weigh::call(ctx, before.len()).await?;
            if weighed != before.len() {
                durably::bail!("{weighed} numbers were weighed, {} are there", before.len());
            }
            return Ok(before);
        }
        ctx.wait_until(|| self.is_finished).await?;
        weigh::call(ctx, self.numbers.len()).await?;
        let id = ctx.workflow_id().to_owned();
        Relay::child(ctx, &id).id(format!("{id}-relay")).await?;
        ctx.sleep(millis(20)).await?;
        Self::continue_as_new(Some(self.numbers.clone())).into()
    }

    #[signal]
    pub fn add(&mut self, number: u32) {
        self.numbers.push(number);
    }

    #[update]
    pub fn add_now(&mut self, number: u32) -> usize {
        self.numbers.push(number);
        self.numbers.len()
    }

    #[signal]
    pub fn finish(&mut self) {
        self.is_finished = true;
    }
}

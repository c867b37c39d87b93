//! A workflow that counts what it is sent, so that a test can tell what was lost or came twice.

#![allow(missing_docs)]

use durably::prelude::*;

#[activity(start_to_close = "2s")]
pub async fn weigh(counted: usize) -> usize {
    counted
}

/// Collects numbers until it is told to finish.
#[derive(Default)]
pub struct Tally {
    numbers: Vec<u32>,
    is_finished: bool,
}

#[workflow]
impl Tally {
    /// Gives all numbers that it was sent, after an activity, a timer and, with five numbers or
    /// more, a run that continues it.
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, before: Vec<u32>) -> Result<Vec<u32>> {
        let is_first = before.is_empty();
        self.numbers.splice(0..0, before);
        ctx.wait_until(|| self.is_finished || is_first && self.numbers.len() >= 5)
            .await?;
        let weighed = weigh::call(ctx, self.numbers.len()).await?;
        ctx.sleep(millis(20)).await?;
        if weighed > self.numbers.len() {
            durably::bail!(
                "{weighed} numbers were weighed, {} are there",
                self.numbers.len()
            );
        }
        if !self.is_finished {
            return Self::continue_as_new(self.numbers.clone()).into();
        }
        Ok(self.numbers.clone())
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

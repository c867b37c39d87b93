//! A workflow with many steps, to be interrupted anywhere.

#![allow(missing_docs)]

use durably::prelude::*;

#[activity(start_to_close = "2s")]
pub async fn crunch(ctx: &ActivityCtx, n: u32) -> u32 {
    let _ = ctx;
    tokio::time::sleep(millis(30)).await;
    n * n
}

/// Adds squares, one activity and one timer a step.
#[derive(Default)]
pub struct Crunch {
    done: u32,
}

#[workflow]
impl Crunch {
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, steps: u32) -> Result<u32> {
        let mut sum = 0;
        for n in 0..steps {
            sum += crunch::call(ctx, n).await?;
            ctx.sleep(millis(10)).await?;
            self.done = n + 1;
        }
        Ok(sum)
    }

    #[query]
    pub fn done(&self) -> u32 {
        self.done
    }
}

/// What [`Crunch`] gives for so many steps.
pub fn sum(steps: u32) -> u32 {
    (0..steps).map(|n| n * n).sum()
}

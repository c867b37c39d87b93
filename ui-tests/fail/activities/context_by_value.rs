//! A method activity that takes its context by value.

use durably::prelude::*;

struct Shop;

#[activities]
impl Shop {
    #[activity(start_to_close = "10s")]
    async fn pay(&self, ctx: ActivityCtx, cents: u64) -> u64 {
        cents + u64::from(ctx.attempt())
    }
}

fn main() {}

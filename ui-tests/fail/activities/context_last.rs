//! A method activity's context in the last place.

use durably::prelude::*;

struct Shop;

#[activities]
impl Shop {
    #[activity(start_to_close = "10s")]
    async fn pay(&self, cents: u64, ctx: &ActivityCtx) -> u64 {
        cents + u64::from(ctx.attempt())
    }
}

fn main() {}

//! A stub's timeout given as a text.

use durably::prelude::*;

struct Shop;

#[activities]
impl Shop {
    #[activity]
    async fn pay(&self, cents: u64) -> u64 {
        cents
    }
}

async fn place(ctx: &Ctx) -> Result<u64> {
    let shop = Shop::stub(ctx).start_to_close("10s");
    Ok(shop.pay(1).await?)
}

fn main() {}

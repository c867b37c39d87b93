//! A private activity of a set, called from another module.

use durably::prelude::*;

mod shop {
    use durably::prelude::*;

    pub struct Shop;

    #[activities]
    impl Shop {
        #[activity(start_to_close = "10s")]
        async fn reserve(&self, item: String) -> String {
            item
        }
    }
}

async fn order(ctx: &Ctx) -> Result<String> {
    Ok(shop::Shop::stub(ctx).reserve("ring").await?)
}

fn main() {}

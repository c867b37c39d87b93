//! A private activity function, called from another module.

use durably::prelude::*;

mod shop {
    use durably::prelude::*;

    #[activity(start_to_close = "10s")]
    async fn reserve(item: String) -> String {
        item
    }
}

async fn order(ctx: &Ctx) -> Result<String> {
    Ok(shop::reserve::call(ctx, "ring").await?)
}

fn main() {}

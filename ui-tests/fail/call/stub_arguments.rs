//! An activity called through a stub with one argument too many.

use durably::prelude::*;

#[derive(Default)]
struct Shop;

#[activities]
impl Shop {
    #[activity(start_to_close = "10s")]
    async fn reserve(&self, item: String) -> usize {
        item.len()
    }
}

#[derive(Default)]
struct Order;

#[workflow]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<usize> {
        Ok(Shop::stub(ctx).reserve("tea", 3).await?)
    }
}

fn main() {}

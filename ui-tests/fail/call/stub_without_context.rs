//! A stub of activities made without a context.

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
    async fn run(&mut self) -> Result<usize> {
        Ok(Shop::stub().reserve("tea").await?)
    }
}

fn main() {}

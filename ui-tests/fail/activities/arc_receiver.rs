//! An activity that takes `self` in an `Arc`.

use durably::prelude::*;
use std::sync::Arc;

struct Shop;

#[activities]
impl Shop {
    #[activity(start_to_close = "10s")]
    async fn pay(self: Arc<Self>, cents: u64) -> u64 {
        cents
    }
}

fn main() {}

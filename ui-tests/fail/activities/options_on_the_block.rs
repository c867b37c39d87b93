//! A timeout for all activities of a block.

use durably::prelude::*;

struct Shop;

#[activities(start_to_close = "10s")]
impl Shop {
    #[activity]
    async fn pay(&self, cents: u64) -> u64 {
        cents
    }
}

fn main() {}

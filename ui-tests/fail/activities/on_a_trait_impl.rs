//! `#[activities]` on a trait impl.

use durably::prelude::*;

trait Pays {
    async fn pay(&self, cents: u64) -> u64;
}

struct Shop;

#[activities]
impl Pays for Shop {
    #[activity]
    async fn pay(&self, cents: u64) -> u64 {
        cents
    }
}

fn main() {}

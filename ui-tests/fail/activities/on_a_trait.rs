//! `#[activities]` on a trait.

use durably::prelude::*;

#[activities]
trait Pays {
    #[activity]
    async fn pay(&self, cents: u64) -> u64;
}

fn main() {}

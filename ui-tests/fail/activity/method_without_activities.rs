//! An activity method in a block without `#[activities]`.

use durably::prelude::*;

struct Shop;

impl Shop {
    #[activity]
    async fn pay(&self) {}
}

fn main() {}

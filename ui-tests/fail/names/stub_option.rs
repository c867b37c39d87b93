//! An activity method named like an option of every stub.

use durably::prelude::*;

struct Shop;

#[activities]
impl Shop {
    #[activity]
    async fn heartbeat(&self) {}
}

fn main() {}

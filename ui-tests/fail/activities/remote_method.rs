//! `remote` on an activity method.

use durably::prelude::*;

struct Shop;

#[activities]
impl Shop {
    #[activity(remote)]
    async fn save(&self) {}
}

fn main() {}

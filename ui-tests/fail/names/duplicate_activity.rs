//! Two activities of one name.

use durably::prelude::*;

struct Shop;

#[activities]
impl Shop {
    #[activity]
    async fn pay(&self) {}

    #[activity(name = "pay")]
    async fn charge(&self) {}
}

fn main() {}

//! An activity method that takes `self` by value.

use durably::prelude::*;

struct Shop;

#[activities]
impl Shop {
    #[activity]
    async fn save(self, row: String) {
        drop(row);
    }
}

fn main() {}

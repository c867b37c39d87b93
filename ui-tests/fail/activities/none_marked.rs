//! An `#[activities]` block in which no method is an `#[activity]`.

use durably::prelude::*;

struct Shop;

#[activities]
impl Shop {
    async fn save(&self, row: String) {
        drop(row);
    }
}

fn main() {}

//! An activity method that takes `&mut self`.

use durably::prelude::*;

struct Shop;

#[activities]
impl Shop {
    #[activity]
    async fn save(&mut self, row: String) {
        drop(row);
    }
}

fn main() {}

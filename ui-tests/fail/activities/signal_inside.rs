//! A signal in an `#[activities]` block.

use durably::prelude::*;

struct Shop;

#[activities]
impl Shop {
    #[activity]
    async fn save(&self) {}

    #[signal]
    fn stop(&mut self) {}
}

fn main() {}

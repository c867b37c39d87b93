//! A private activity function, imported into another module.

mod shop {
    use durably::prelude::*;

    #[activity(start_to_close = "10s")]
    async fn reserve(item: String) -> String {
        item
    }
}

use shop::reserve;

fn main() {}

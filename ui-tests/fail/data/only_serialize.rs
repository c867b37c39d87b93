//! An argument whose type cannot be read back.

use durably::prelude::*;

#[derive(serde::Serialize)]
struct Order {
    item: String,
}

#[activity]
async fn pay(order: Order) {
    drop(order);
}

fn main() {}

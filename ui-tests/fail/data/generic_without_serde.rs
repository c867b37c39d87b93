//! A generic payload type of a type without serde.

use durably::prelude::*;

struct Money;

#[durably::data]
struct Order<T> {
    price: T,
}

#[activity]
async fn pay(order: Order<Money>) {
    drop(order);
}

fn main() {}

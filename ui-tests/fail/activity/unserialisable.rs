//! An activity argument that is not serialisable.

use durably::prelude::*;

struct Money;

#[activity]
async fn pay(amount: Money) {
    drop(amount);
}

fn main() {}

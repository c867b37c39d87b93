use durably::prelude::*;

struct Money;

#[activity]
async fn pay(amount: Money) {
    drop(amount);
}

fn main() {}

use durably::prelude::*;

struct Money;

#[activity]
async fn pay() -> Result<Money> {
    Ok(Money)
}

fn main() {}

//! An activity result that is not serialisable.

use durably::prelude::*;

struct Money;

#[activity]
async fn pay() -> Result<Money> {
    Ok(Money)
}

fn main() {}

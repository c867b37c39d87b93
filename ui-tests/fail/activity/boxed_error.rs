//! A boxed error as an activity's error type.

use durably::prelude::*;

#[activity]
async fn pay() -> Result<(), Box<dyn std::error::Error>> {
    Ok(())
}

fn main() {}

//! An activity whose error is a `String`.

use durably::prelude::*;

#[activity]
async fn pay() -> Result<(), String> {
    Err("no".into())
}

fn main() {}

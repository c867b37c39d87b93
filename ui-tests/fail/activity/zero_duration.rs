//! A zero timeout.

use durably::prelude::*;

#[activity(start_to_close = "0s")]
async fn greet(name: String) -> String {
    name
}

fn main() {}

//! An option with a colon.

use durably::prelude::*;

#[activity(start_to_close: "10s")]
async fn greet(name: String) -> String {
    name
}

fn main() {}

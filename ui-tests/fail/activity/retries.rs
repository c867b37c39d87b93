//! A number of attempts by the name that other SDKs have for it.

use durably::prelude::*;

#[activity(start_to_close = "10s", retries = 3)]
async fn greet(name: String) -> String {
    name
}

fn main() {}

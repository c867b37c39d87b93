//! A timeout by the name that other SDKs have for it.

use durably::prelude::*;

#[activity(timeout = "10s")]
async fn greet(name: String) -> String {
    name
}

fn main() {}

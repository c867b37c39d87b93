//! A timeout without its key.

use durably::prelude::*;

#[activity("10s")]
async fn greet(name: String) -> String {
    name
}

fn main() {}

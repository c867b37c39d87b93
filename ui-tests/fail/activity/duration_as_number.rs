//! A duration written as a number.

use durably::prelude::*;

#[activity(start_to_close = 10)]
async fn greet(name: String) -> String {
    name
}

fn main() {}

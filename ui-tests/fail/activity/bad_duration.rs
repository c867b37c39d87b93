//! A duration written as words.

use durably::prelude::*;

#[activity(start_to_close = "10 seconds")]
async fn greet(name: String) -> String {
    name
}

fn main() {}

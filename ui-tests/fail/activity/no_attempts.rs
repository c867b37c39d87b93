//! `max_attempts = 0`.

use durably::prelude::*;

#[activity(max_attempts = 0)]
async fn greet(name: String) -> String {
    name
}

fn main() {}

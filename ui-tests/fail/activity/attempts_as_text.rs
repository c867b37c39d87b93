//! A number of attempts given as a text.

use durably::prelude::*;

#[activity(start_to_close = "10s", max_attempts = "3")]
async fn greet(name: String) -> String {
    name
}

fn main() {}

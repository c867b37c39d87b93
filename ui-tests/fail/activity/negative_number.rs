//! A timeout given as a negative number.

use durably::prelude::*;

#[activity(start_to_close = -5)]
async fn greet(name: String) -> String {
    name
}

fn main() {}

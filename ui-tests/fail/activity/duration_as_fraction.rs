//! A timeout given as a fraction.

use durably::prelude::*;

#[activity(start_to_close = 2.5)]
async fn greet(name: String) -> String {
    name
}

fn main() {}

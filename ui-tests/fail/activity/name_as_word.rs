//! An activity's name without quotes.

use durably::prelude::*;

#[activity(name = Greet)]
async fn greet(name: String) -> String {
    name
}

fn main() {}

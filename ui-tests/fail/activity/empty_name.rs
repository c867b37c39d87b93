//! An activity with an empty name.

use durably::prelude::*;

#[activity(name = "")]
async fn greet(name: String) -> String {
    name
}

fn main() {}

//! The same option given twice.

use durably::prelude::*;

#[activity(name = "a", name = "b")]
async fn greet(name: String) -> String {
    name
}

fn main() {}

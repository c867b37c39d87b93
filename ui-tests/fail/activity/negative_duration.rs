//! A negative duration.

use durably::prelude::*;

#[activity(start_to_close = "-5s")]
async fn greet(name: String) -> String {
    name
}

fn main() {}

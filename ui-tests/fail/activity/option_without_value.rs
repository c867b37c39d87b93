//! A timeout without a value.

use durably::prelude::*;

#[activity(start_to_close)]
async fn greet(name: String) -> String {
    name
}

fn main() {}

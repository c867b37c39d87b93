//! A timeout given as a call of `secs`.

use durably::prelude::*;

#[activity(start_to_close = secs(10))]
async fn greet(name: String) -> String {
    name
}

fn main() {}

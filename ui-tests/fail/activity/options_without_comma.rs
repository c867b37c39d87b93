//! Two options without a comma.

use durably::prelude::*;

#[activity(name = "Greet" start_to_close = "10s")]
async fn greet(name: String) -> String {
    name
}

fn main() {}

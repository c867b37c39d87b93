//! A timeout of one and a half hours.

use durably::prelude::*;

#[activity(start_to_close = "1.5h")]
async fn greet(name: String) -> String {
    name
}

fn main() {}

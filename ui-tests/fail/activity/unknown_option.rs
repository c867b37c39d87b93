//! A misspelt option of an activity.

use durably::prelude::*;

#[activity(start_to_close_timeout = "10s")]
async fn greet(name: String) -> String {
    name
}

fn main() {}

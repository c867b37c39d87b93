//! A heartbeat timeout on an activity that takes no context.

use durably::prelude::*;

#[activity(start_to_close = "10m", heartbeat = "5s")]
async fn greet(name: String) -> String {
    name
}

fn main() {}

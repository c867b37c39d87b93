//! `start_to_close` longer than `schedule_to_close`.

use durably::prelude::*;

#[activity(start_to_close = "10m", schedule_to_close = "1m")]
async fn greet(name: String) -> String {
    name
}

fn main() {}

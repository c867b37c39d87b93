//! An activity registered by value, as in the Python SDK.

use durably::prelude::*;

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    name
}

pub fn worker(client: &Client) -> Worker {
    Worker::new(client, "q").activity(greet)
}

fn main() {}

//! An activity function registered as a set of them.

use durably::prelude::*;

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    name
}

fn worker(client: &Client) -> Worker {
    Worker::new(client, "q").activities(greet)
}

fn main() {}

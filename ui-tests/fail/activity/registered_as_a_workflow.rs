//! An activity registered as a workflow.

use durably::prelude::*;

#[activity]
async fn greet(name: String) -> String {
    name
}

pub fn worker(client: &Client) -> Worker {
    Worker::new(client, "q").workflow::<greet>()
}

fn main() {}

//! A function registered as an activity that is not marked as one.

use durably::prelude::*;

async fn greet(name: String) -> String {
    name
}

pub fn worker(client: &Client) -> Worker {
    Worker::new(client, "q").activity::<greet>()
}

fn main() {}

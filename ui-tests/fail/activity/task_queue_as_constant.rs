//! A task queue given as a constant.

use durably::prelude::*;

const QUEUE: &str = "greetings";

#[activity(task_queue = QUEUE)]
async fn greet(name: String) -> String {
    name
}

fn main() {}

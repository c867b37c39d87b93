//! An option of another attribute on an activity.

use durably::prelude::*;

#[activity(validator = check)]
async fn greet(name: String) -> String {
    name
}

fn main() {}

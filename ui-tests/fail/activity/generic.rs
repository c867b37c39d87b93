//! A generic activity.

use durably::prelude::*;

#[activity]
async fn greet<T: ToString>(name: T) -> String {
    name.to_string()
}

fn main() {}

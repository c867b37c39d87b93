//! A `remote` activity that has a body.

use durably::prelude::*;

#[activity(remote)]
async fn greet(name: String) -> String {
    name
}

fn main() {}

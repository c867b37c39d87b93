//! An activity that is marked as a signal too.

use durably::prelude::*;

#[activity]
#[signal]
async fn greet(name: String) -> String {
    name
}

fn main() {}

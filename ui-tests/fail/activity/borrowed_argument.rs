//! An activity with a `&str` argument.

use durably::prelude::*;

#[activity]
async fn greet(name: &str) -> String {
    name.into()
}

fn main() {}

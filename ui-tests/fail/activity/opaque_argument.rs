//! An activity that takes `impl Into<String>`.

use durably::prelude::*;

#[activity]
async fn greet(name: impl Into<String>) -> String {
    name.into()
}

fn main() {}

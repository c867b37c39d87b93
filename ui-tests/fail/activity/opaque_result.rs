//! An activity that gives `impl Display`.

use durably::prelude::*;

#[activity]
async fn greet(name: String) -> impl std::fmt::Display {
    name
}

fn main() {}

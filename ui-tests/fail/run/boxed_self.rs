//! A `#[run]` method that takes a `Box<Self>`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(self: Box<Self>) {}
}

fn main() {}

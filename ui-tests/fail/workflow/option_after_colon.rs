//! An option's value after a colon.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow(name: "greeting")]
impl Greeting {
    #[run]
    async fn run(&mut self) {}
}

fn main() {}

//! A `#[run]` method that returns a reference.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self) -> &Vec<String> {
        &self.names
    }
}

fn main() {}

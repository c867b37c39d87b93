//! An `#[init]` method with a borrowed argument.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[init]
    fn new(_name: &str) -> Self {
        Self::default()
    }

    #[run]
    async fn run(&mut self) {}
}

fn main() {}

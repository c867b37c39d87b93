//! An `#[init]` method with fewer arguments than `#[run]`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[init]
    fn new(_name: String) -> Self {
        Self::default()
    }

    #[run]
    async fn run(&mut self, _name: String, _n: u32) {}
}

fn main() {}

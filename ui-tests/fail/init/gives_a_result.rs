//! An `#[init]` method that may fail.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[init]
    fn new() -> Result<Self> {
        Ok(Self::default())
    }

    #[run]
    async fn run(&mut self) {}
}

fn main() {}

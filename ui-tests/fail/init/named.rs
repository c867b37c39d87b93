//! An option on `#[init]`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[init(name = "make")]
    fn new() -> Self {
        Self::default()
    }

    #[run]
    async fn run(&mut self) {}
}

fn main() {}

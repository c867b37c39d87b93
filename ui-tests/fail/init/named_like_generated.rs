//! An `#[init]` method named `start`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[init]
    fn start(_name: String) -> Self {
        Self::default()
    }

    #[run]
    async fn run(&mut self) {}
}

fn main() {}

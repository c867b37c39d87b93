//! An `#[init]` method written like Python's `__init__`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[init]
    fn init(&mut self, name: String) {
        self.names.push(name);
    }

    #[run]
    async fn run(&mut self, _name: String) {}
}

fn main() {}

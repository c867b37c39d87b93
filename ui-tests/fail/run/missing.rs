//! A workflow without a `#[run]` method.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[signal]
    fn submit(&mut self, name: String) {
        self.names.push(name);
    }
}

fn main() {}

//! An option without its value.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow(name)]
impl Greeting {
    #[run]
    async fn run(&mut self) {}
}

fn main() {}

//! A workflow's name that is a number.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow(name = 3)]
impl Greeting {
    #[run]
    async fn run(&mut self) {}
}

fn main() {}

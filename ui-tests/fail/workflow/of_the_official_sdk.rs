//! `#[workflow_methods]`, as the official SDK has it.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow_methods]
impl Greeting {
    #[run]
    async fn run(&mut self) {}
}

fn main() {}

//! The path of the crate given as a text.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow(crate = "::durably")]
impl Greeting {
    #[run]
    async fn run(&mut self) {}
}

fn main() {}

//! A workflow's name taken from a constant.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

const NAME: &str = "greeting";

#[workflow(name = NAME)]
impl Greeting {
    #[run]
    async fn run(&mut self) {}
}

fn main() {}

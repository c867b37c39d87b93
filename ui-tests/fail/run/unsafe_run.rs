//! A `#[run]` method that is `unsafe`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async unsafe fn run(&mut self) {}
}

fn main() {}

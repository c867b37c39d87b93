//! `#[workflow]` written twice.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self) {}
}

fn main() {}

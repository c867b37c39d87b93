//! A run whose result hides in an alias.

use durably::prelude::*;

type Answer = Result<u8>;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self) -> Answer {
        Ok(1)
    }
}

fn main() {}

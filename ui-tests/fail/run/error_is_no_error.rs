//! A run whose error is a `String`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self) -> Result<(), String> {
        Err(format!("{}", self.n))
    }
}

fn main() {}

//! A run whose error is a boxed `dyn Error`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        Ok(())
    }
}

fn main() {}

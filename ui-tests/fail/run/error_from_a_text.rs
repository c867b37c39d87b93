//! A text returned as an error.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self) -> Result<()> {
        Err("too many".into())
    }
}

fn main() {}

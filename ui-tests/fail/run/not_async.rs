//! A `#[run]` method that is not `async`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    fn run(&mut self, ctx: &Ctx) -> Result<()> {
        Ok(())
    }
}

fn main() {}

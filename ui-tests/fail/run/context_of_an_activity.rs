//! A `#[run]` method that takes an `ActivityCtx`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, _ctx: &ActivityCtx) -> Result<()> {
        Ok(())
    }
}

fn main() {}

//! A context in an `Option`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: Option<&Ctx>) -> Result<()> {
        Ok(())
    }
}

fn main() {}

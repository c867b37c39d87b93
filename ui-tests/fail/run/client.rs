//! A `#[run]` method that asks for a client.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx, client: &Client) -> Result<()> {
        Ok(())
    }
}

fn main() {}

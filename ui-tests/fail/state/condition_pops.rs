//! A condition that takes from a list of the state.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.wait_until(|| self.names.pop().is_some()).await?;
        Ok(())
    }
}

fn main() {}

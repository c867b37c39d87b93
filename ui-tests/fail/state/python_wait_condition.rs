//! `wait_condition`, as the Python SDK has it.

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
        ctx.wait_condition(|| self.n > 0).await?;
        Ok(())
    }
}

fn main() {}

//! `execute_activity`, as the Python SDK has it.

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
        ctx.execute_activity("greet", "Bob").await?;
        Ok(())
    }
}

fn main() {}

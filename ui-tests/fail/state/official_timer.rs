//! `ctx.timer`, as the official SDK has it.

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
        ctx.timer(secs(1)).await;
        Ok(())
    }
}

fn main() {}

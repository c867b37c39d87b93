//! A context with a lifetime of its own.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &'static Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}

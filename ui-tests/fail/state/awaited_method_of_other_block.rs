//! An async method of a plain impl block.

use durably::prelude::*;

impl Greeting {
    async fn note(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        self.n += 1;
        Ok(())
    }
}

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        self.note(ctx).await?;
        Ok(())
    }
}

fn main() {}

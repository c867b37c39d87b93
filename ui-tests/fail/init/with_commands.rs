//! An `#[init]` method that takes a `&Ctx`.

use durably::prelude::*;

struct Greeting {
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        Ok(())
    }

    #[init]
    fn new(ctx: &Ctx) -> Self {
        Self { n: ctx.workflow_id().len() }
    }
}

fn main() {}

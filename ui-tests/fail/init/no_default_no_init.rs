//! A workflow with neither `Default` nor an `#[init]` method.

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
}

fn main() {}

//! An `#[init]` method that is `async`.

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
    async fn new() -> Self {
        Self { n: 1 }
    }
}

fn main() {}

//! Two `#[init]` methods.

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
    fn new() -> Self {
        Self { n: 1 }
    }

    #[init]
    fn other() -> Self {
        Self { n: 2 }
    }
}

fn main() {}

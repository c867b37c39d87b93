//! An `#[init]` method that takes `self`.

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
    fn new(&self) -> Self {
        Self { n: 1 }
    }
}

fn main() {}

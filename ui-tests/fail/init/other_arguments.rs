//! An `#[init]` method with other arguments than `#[run]`.

use durably::prelude::*;

struct Greeting {
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx, name: String) -> Result<()> {
        ctx.sleep(secs(name.len() as u64)).await?;
        Ok(())
    }

    #[init]
    fn new(n: usize) -> Self {
        Self { n }
    }
}

fn main() {}

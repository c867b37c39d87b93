//! An instrumented method that does not skip a state without `Debug`.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    #[tracing::instrument(skip(ctx))]
    async fn run(&mut self, ctx: &Ctx) -> Result<usize> {
        ctx.sleep(secs(1)).await?;
        Ok(self.n)
    }
}

fn main() {}

//! A query that takes an `ActivityCtx`.

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
        ctx.sleep(secs(1)).await?;
        Ok(())
    }

    #[query]
    fn count(&self, _ctx: &ActivityCtx) -> usize {
        self.n
    }
}

fn main() {}

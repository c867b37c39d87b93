//! An async `&self` helper that changes the state.

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

    async fn reader(&self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        self.n += 1;
        Ok(())
    }
}

fn main() {}

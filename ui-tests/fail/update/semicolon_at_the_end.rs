//! A semicolon after the last value.

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

    #[update]
    async fn add(&mut self, ctx: &Ctx) -> Result<usize> {
        ctx.sleep(secs(1)).await?;
        Ok(self.n);
    }
}

fn main() {}

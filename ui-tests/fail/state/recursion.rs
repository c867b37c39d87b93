//! An async method that calls itself.

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
        self.again(ctx, 3).await
    }

    async fn again(&mut self, ctx: &Ctx, times: u32) -> Result<()> {
        if times > 0 {
            ctx.sleep(secs(1)).await?;
            self.again(ctx, times - 1).await?;
        }
        Ok(())
    }
}

fn main() {}

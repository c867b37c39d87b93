//! An async method of a workflow called like one of any struct.

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
}

pub async fn try_it(ctx: &Ctx) -> Result<()> {
    let mut greeting = Greeting::default();
    greeting.run(ctx).await
}

fn main() {}

//! A spawned block that borrows the context.

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
        let later = ctx.spawn(async move { ctx.sleep(secs(1)).await });
        later.await?;
        Ok(())
    }
}

fn main() {}

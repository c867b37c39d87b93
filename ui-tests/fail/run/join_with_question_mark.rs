//! `?` on the results of a join.

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
        join(ctx.sleep(secs(1)), ctx.sleep(secs(2))).await?;
        Ok(())
    }
}

fn main() {}

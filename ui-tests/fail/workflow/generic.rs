//! A generic workflow.

use durably::prelude::*;

#[derive(Default)]
struct Greeting<T> {
    name: T,
}

#[workflow]
impl<T: Default> Greeting<T> {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}

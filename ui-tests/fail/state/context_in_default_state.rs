//! A context as a field of a state that has a default.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    ctx: Ctx,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, _ctx: &Ctx) -> Result<()> {
        self.ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}

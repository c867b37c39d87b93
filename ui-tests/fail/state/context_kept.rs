//! A context kept by reference in the state.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    ctx: Option<&'static Ctx>,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        self.ctx = Some(ctx);
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}

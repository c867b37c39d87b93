//! `ctx.get_version`, as other SDKs have it

use durably::prelude::*;

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    name
}

#[derive(Default)]
struct Greeting {
    done: bool,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.get_version("twice", 0, 1).await?;
        let _ = (&self.done, greet::call(ctx, "Ada"));
        Ok(())
    }
}

fn main() {}

//! An activity called by its name without saying what it gives.

use durably::prelude::*;

#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.activity("greet", ("Bob",))
            .start_to_close(secs(10))
            .await?;
        Ok(())
    }
}

fn main() {}

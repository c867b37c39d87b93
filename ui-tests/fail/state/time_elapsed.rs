//! `elapsed()` of a workflow's time, as `Instant` has it.

use durably::prelude::*;

#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        let start = ctx.now();
        ctx.sleep(secs(10)).await?;
        Ok(format!("{:?}", start.elapsed()))
    }
}

fn main() {}

//! A signal handler that takes the context of an activity.

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

    #[signal]
    async fn submit(&mut self, ctx: &ActivityCtx) {
        ctx.heartbeat(1);
    }
}

fn main() {}

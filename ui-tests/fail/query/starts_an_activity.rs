//! A query without a context that calls an activity.

use durably::prelude::*;

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    name
}

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

    #[query]
    fn count(&self) -> usize {
        let _ = greet::call(ctx, "Bob");
        self.n
    }
}

fn main() {}

//! An activity called without the context

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
        greet::call("Ada").await?;
        let _ = (&self.done, greet::call(ctx, "Ada"));
        Ok(())
    }
}

fn main() {}

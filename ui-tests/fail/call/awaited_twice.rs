//! A call awaited twice in a workflow.

use durably::prelude::*;

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    name
}

#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        let call = greet::call(ctx, "a");
        let first = call.await?;
        let second = call.await?;
        Ok(first + &second)
    }
}

fn main() {}

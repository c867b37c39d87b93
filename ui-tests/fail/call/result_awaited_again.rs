//! A call's result awaited once more.

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
        let greeting = greet::call(ctx, "a").await?;
        Ok(greeting.await?)
    }
}

fn main() {}

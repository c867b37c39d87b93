//! A call awaited where `join` takes the call itself.

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
        let (a, b) = join(greet::call(ctx, "a").await?, greet::call(ctx, "b")).await;
        Ok(format!("{a} {}", b?))
    }
}

fn main() {}

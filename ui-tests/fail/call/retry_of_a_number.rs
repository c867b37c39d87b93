//! A number of attempts where a retry policy belongs.

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
        Ok(greet::call(ctx, "a").retry(3).await?)
    }
}

fn main() {}

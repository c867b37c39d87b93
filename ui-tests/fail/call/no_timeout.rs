//! An activity called without a timeout.

use durably::prelude::*;

#[activity]
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
        let greeting = greet::call(ctx, "Bob").await?;
        self.names.push(greeting);
        Ok(())
    }
}

fn main() {}

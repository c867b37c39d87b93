//! An activity started for its handle, without a timeout

use durably::prelude::*;

#[activity]
async fn greet(name: String) -> String {
    name
}

#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        let greeting = greet::call(ctx, "Ada").start();
        greeting.await?;
        Ok(())
    }
}

fn main() {}

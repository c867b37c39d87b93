//! State borrowed for a call whose other argument awaits.

use durably::prelude::*;

#[activity]
async fn greet(name: String) -> String {
    name
}

fn show(_: &[String], _: String) {}

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        show(self.names.as_slice(), greet::call(ctx, "Bob").start_to_close(secs(1)).await?);
        Ok(())
    }
}

fn main() {}

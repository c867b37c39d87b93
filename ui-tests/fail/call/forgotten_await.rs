//! A command that nobody awaits.
#![deny(unused_must_use)]

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
        ctx.sleep(secs(1));
        greet::call(ctx, "Bob").start_to_close(secs(1));
        Ok(())
    }
}

fn main() {}

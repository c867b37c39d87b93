//! `?` in a run that returns nothing.

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) {
        ctx.sleep(secs(1)).await?;
    }
}

fn main() {}

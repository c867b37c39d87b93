//! tokio's `join!` in a workflow.
#![allow(unused)]

use durably::prelude::*;

#[derive(Default)]
struct Greeting {
    names: Vec<String>,
    n: usize,
}

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        let (a, b) = tokio::join!(ctx.sleep(secs(1)), ctx.sleep(secs(2)));
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}

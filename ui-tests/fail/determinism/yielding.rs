//! A workflow that yields to a scheduler.
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
        tokio::task::yield_now().await;
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}

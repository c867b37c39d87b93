//! A select that chooses at random.
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
        tokio::select! {
            _ = ctx.sleep(secs(1)) => self.n += 1,
            _ = ctx.sleep(secs(2)) => self.n += 2,
        }
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}

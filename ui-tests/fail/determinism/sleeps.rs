//! A sleep that is not the workflow's.
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
        std::thread::sleep(secs(1));
        tokio::time::sleep(secs(1)).await;
        tokio::time::timeout(secs(1), ctx.sleep(secs(2))).await;
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}

//! The async runtime's handle in a workflow.
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
        let runtime = tokio::runtime::Handle::current();
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}

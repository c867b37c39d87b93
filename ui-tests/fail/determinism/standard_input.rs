//! A line that a workflow reads.
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
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}

//! A program that a workflow runs.
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
        let made = std::process::Command::new("make").status();
        ctx.sleep(secs(1)).await?;
        Ok(())
    }
}

fn main() {}
